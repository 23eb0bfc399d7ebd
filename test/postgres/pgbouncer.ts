import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { serverAccount } from '../../src/postgres/embedded-account.ts'

export interface PgBouncer {
  readonly url: string
  stop(): Promise<void>
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })

const settings = (target: URL, port: number, folder: string, patience: number): string => `
[databases]
pooled = host=${target.hostname} port=${target.port} dbname=${target.pathname.slice(1)} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
server_connect_timeout = 1
server_login_retry = 1
query_wait_timeout = ${patience}
pool_mode = transaction
default_pool_size = 3
logfile = ${join(folder, 'log')}
`

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

/** PgBouncer in transaction mode, with three server connections for all clients. `patience`: seconds a client waits for one. */
export const startPgBouncer = async (target: string, patience = 60): Promise<PgBouncer> => {
  const folder = await mkdtemp(join(tmpdir(), 'onewrite-pgbouncer-'))
  // It refuses to run as root, and then writes its log as another account.
  await chmod(folder, 0o777)
  const port = await freePort()
  const file = join(folder, 'pgbouncer.ini')
  await writeFile(file, settings(new URL(target), port, folder, patience))
  const child = spawn('pgbouncer', ['-q', file], {
    ...serverAccount(),
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    stdio: 'ignore',
  })
  const exited = once(child, 'exit')
  const url = `postgres://postgres@127.0.0.1:${port}/pooled`
  const started = (): boolean => child.exitCode === null
  while (started() && !(await listens(port))) await pause(5)
  if (!started()) throw new Error(`pgbouncer did not start: ${await readFile(join(folder, 'log'), 'utf8')}`)
  return {
    url,
    stop: async () => {
      child.kill('SIGKILL')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}
