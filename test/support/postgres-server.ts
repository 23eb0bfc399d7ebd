import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { serverAccount } from '../../src/postgres/embedded-account.ts'
import { type Binaries, findBinaries } from '../../src/postgres/embedded-binaries.ts'
import { freePorts } from '../../stack/src/free-port.ts'
import { until } from '../../stack/src/until.ts'
import { watchOrphan } from '../../stack/src/watch-orphan.ts'

/**
 * Nothing of a test database has to survive a power cut, and without fsync the whole run is several times faster.
 * Tests that kill PostgreSQL start an embedded one of their own, with fsync.
 */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'logical',
  max_connections: '400',
  max_replication_slots: '50',
  max_wal_senders: '50',
  max_prepared_transactions: '20',
  autovacuum_naptime: '5min',
  listen_addresses: '127.0.0.1',
}

export interface PostgresServer {
  /** URL of a database of this server; superuser, no password. */
  url(database: string): string
  stop(): Promise<void>
}

/** ONEWRITE_TEST_POSTGRES is a folder with initdb and postgres of another version; default: those of the package. */
const binariesOfTests = async (): Promise<Binaries> => {
  const folder = process.env['ONEWRITE_TEST_POSTGRES']
  if (folder === undefined || folder === '') return findBinaries(serverAccount())
  return { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') }
}

const inFolder = async (binaries: Binaries, folder: string): Promise<string> => {
  const data = join(folder, 'data')
  const account = serverAccount()
  await chmod(folder, 0o755)
  if (account !== undefined) await chown(folder, account.uid, account.gid)
  const flags = ['-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8', '--locale=C']
  const initdb = spawn(binaries.initdb, ['-D', data, ...flags], {
    ...account,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = await once(initdb, 'exit')
  if (code !== 0) throw new Error(`initdb ended with ${code}`)
  return data
}

const answers = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

const spawnServer = (binaries: Binaries, folder: string, data: string, port: number): ChildProcess => {
  const given = { ...settings, port: String(port), unix_socket_directories: folder }
  const flags = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  // SQL errors that tests provoke are reported by the client; the server's own log would only repeat them.
  const quiet = ['-c', 'log_min_messages=fatal', '-c', 'logging_collector=off']
  const options = { ...serverAccount(), detached: true }
  return spawn(binaries.postgres, ['-D', data, ...flags, ...quiet], { ...options, stdio: 'ignore' })
}

/** One PostgreSQL for a whole test run; gone, with its data, when this process is. */
export const startPostgresServer = async (): Promise<PostgresServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'onewrite-test-'))
  const binaries = await binariesOfTests()
  const data = await inFolder(binaries, folder)
  const [port = 0] = await freePorts(1)
  const server = spawnServer(binaries, folder, data, port)
  if (server.pid === undefined) throw new Error('postgres could not be started')
  const callOff = watchOrphan(server.pid, folder)
  const url = (database: string): string => `postgres://postgres@127.0.0.1:${port}/${database}`
  const exit = once(server, 'exit')
  const settled = async (): Promise<boolean> => server.exitCode !== null || (await answers(url('postgres')))
  if (!(await until(settled, 30_000)) || server.exitCode !== null) {
    const pid = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => 'no postmaster.pid')
    throw new Error(`the PostgreSQL of the tests did not start (${pid})`)
  }
  return {
    url,
    stop: async () => {
      server.kill('SIGINT')
      await exit
      callOff()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
