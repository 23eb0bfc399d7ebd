import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Account, canPass } from './embedded-account.ts'
import { type Binaries, majorVersion } from './embedded-binaries.ts'
import { findPostmaster, isAlive, type Postmaster, stopPostmaster } from './embedded-postmaster.ts'
import { unavailable } from './embedded-unavailable.ts'

const run = promisify(execFile)

/** A folder with a data directory, its password and its log. */
export interface Cluster {
  readonly folder: string
  readonly data: string
  readonly log: string
  readonly password: string
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const readPassword = async (file: string): Promise<string> => {
  const known = await readFile(file, 'utf8').catch(() => undefined)
  if (known !== undefined) return known
  const fresh = randomBytes(24).toString('base64url')
  // Exclusively: of two processes that start at once, both use what the first one wrote.
  await writeFile(file, fresh, { mode: 0o600, flag: 'wx' }).catch(() => undefined)
  return readFile(file, 'utf8')
}

const initdb = async (
  binaries: Binaries,
  account: Account | undefined,
  folder: string,
  password: string,
): Promise<void> => {
  const fresh = join(folder, `new-${randomBytes(4).toString('hex')}`)
  const passwordFile = `${fresh}.password`
  await mkdir(fresh, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (account !== undefined) {
    await chown(fresh, account.uid, account.gid)
    await chown(passwordFile, account.uid, account.gid)
  }
  const settings = ['-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '--no-sync']
  try {
    await run(binaries.initdb, ['-D', fresh, `--pwfile=${passwordFile}`, ...settings], {
      ...account,
      cwd: folder,
    })
    // Renamed when complete, so that an interrupted initdb leaves nothing that looks like a database.
    await rename(fresh, join(folder, 'data')).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(passwordFile, { force: true })
    await rm(fresh, { recursive: true, force: true })
  }
}

const checkVersion = async (data: string): Promise<boolean> => {
  const found = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (found === undefined) return false
  if (found.trim() === majorVersion) return true
  throw unavailable(
    `${data} was made by PostgreSQL ${found.trim()}, the binaries are version ${majorVersion}`,
    'Remove the folder where its data may go, or use another directory.',
  )
}

/** Makes the folder, and the database in it where there is none. */
export const prepareCluster = async (
  folder: string,
  binaries: Binaries,
  account: Account | undefined,
): Promise<Cluster> => {
  await mkdir(folder, { recursive: true })
  // Passable for the server's account, listable by nobody but the owner.
  await chmod(folder, 0o711)
  if (account !== undefined) await checkPassable(folder, account)
  const password = await readPassword(join(folder, 'password'))
  const data = join(folder, 'data')
  if (!(await checkVersion(data))) {
    await initdb(binaries, account, folder, password).catch((error: unknown) => {
      throw unavailable(
        `initdb failed: ${messageOf(error)}`,
        'See the message; choose another directory.',
        error,
      )
    })
  }
  return { folder, data, password, log: join(folder, 'postgres.log') }
}

const checkPassable = async (folder: string, account: Account): Promise<void> => {
  if (await canPass(folder, account)) return
  throw unavailable(
    `the account with uid ${account.uid}, which runs PostgreSQL for root, cannot enter ${folder}`,
    'Choose a directory below folders that everybody may pass through, such as the system temporary folder.',
  )
}

const startTimeout = 60_000

const waitUntilReady = async (cluster: Cluster, pid: number): Promise<Postmaster | undefined> => {
  const end = performance.now() + startTimeout
  while (isAlive(pid) && performance.now() < end) {
    const found = await findPostmaster(cluster.data)
    if (found?.pid === pid && found.ready) return found
    await pause(5)
  }
  return undefined
}

export interface StartFailure {
  /** The port is taken, another server still holds the data, or something else. */
  readonly reason: 'port' | 'busy' | 'other'
  /** The end of the server's log. */
  readonly log: string
}

const reasonOf = (log: string): StartFailure['reason'] => {
  if (/Address already in use/i.test(log)) return 'port'
  return /postmaster\.pid" already exists|shared memory block .* is still in use/.test(log) ? 'busy' : 'other'
}

const failureOf = (log: string): StartFailure => ({
  reason: reasonOf(log),
  log: log.trim().split('\n').slice(-4).join(' | '),
})

const spawnServer = async (
  command: string,
  parameters: readonly string[],
  cluster: Cluster,
  account: Account | undefined,
): Promise<ChildProcess> => {
  const log = await open(cluster.log, 'w', 0o600)
  try {
    // Detached: Ctrl-C at the terminal reaches this process alone, which drains first and stops the server then.
    return spawn(command, parameters, {
      ...account,
      cwd: cluster.folder,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
  } finally {
    await log.close()
  }
}

const pidOf = async (child: ChildProcess): Promise<number> => {
  if (child.pid !== undefined) return child.pid
  const error = await new Promise<Error>((resolve) => child.once('error', resolve))
  throw unavailable(`${child.spawnfile} cannot be run: ${error.message}`, 'See the message.', error)
}

/** Starts the server on a data directory and waits until it accepts connections. */
export const startPostmaster = async (
  cluster: Cluster,
  binaries: Binaries,
  account: Account | undefined,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<Postmaster | StartFailure> => {
  const flags = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    wal_level: 'logical',
    ...settings,
  }
  const parameters = Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const all = ['-D', cluster.data, '-p', String(port), ...parameters]
  const child = await spawnServer(binaries.postgres, all, cluster, account)
  const pid = await pidOf(child)
  child.unref()
  const ready = await waitUntilReady(cluster, pid)
  if (ready !== undefined) return ready
  await stopPostmaster(pid)
  return failureOf(await readFile(cluster.log, 'utf8').catch(() => ''))
}
