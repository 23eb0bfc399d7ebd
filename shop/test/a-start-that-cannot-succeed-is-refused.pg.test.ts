import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgres } from 'onewrite'
import { expect, it, onTestFinished, vi } from 'vitest'
import { freshDatabase } from '../../test/support/database.ts'
import { startOrderService } from '../src/order-service.ts'
import { silent } from './running-shop.ts'
import { startProgram } from './started-program.ts'

// A program takes seconds to start while other tests keep the processors busy.
vi.setConfig({ testTimeout: 90_000 })

const takenPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}

it('a taken port: the program says so in one line, fails, and has started nothing', async () => {
  const port = await takenPort()
  const folder = await mkdtemp(join(tmpdir(), 'shop-test-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  // The embedded server runs as another account when this one is root.
  await chmod(folder, 0o755)
  const program = startProgram(['--port', String(port)], { TMPDIR: folder, DATABASE_URL: '' })
  expect(await program.ended()).toBe(1)
  expect(program.errors()).toMatch(
    new RegExp(`^port ${port} on 127\\.0\\.0\\.1 is in use\\. .*\\[PORT_IN_USE\\]\n$`),
  )
  expect(program.output()).toBe('')
  expect((await readdir(folder)).filter((name) => /onewrite/.test(name))).toEqual([])
})

it('a taken port: the service rejects with PORT_IN_USE and leaves no connection open', async () => {
  const port = await takenPort()
  const { url, database } = await freshDatabase()
  const address = { host: '127.0.0.1', port }
  const starting = startOrderService({ database: url, transport: postgres(), logger: silent, address })
  await expect(starting).rejects.toMatchObject({ code: 'PORT_IN_USE', parameters: address })
  const others = 'select count(*)::int - 1 as others from pg_stat_activity where datname = current_database()'
  await expect.poll(async () => (await database.query(others)).rows).toEqual([{ others: 0 }])
})

it.each([
  ['an unknown option', ['--prot', '1'], /'--prot'/],
  ['a port that is none', ['--port', 'http'], /--port must be 0 to 65535, not "http"/],
  ['a port out of range', ['--port', '65536'], /--port must be 0 to 65535, not "65536"/],
])('%s is refused in one line', async (_what, args, reason) => {
  const program = startProgram(args)
  expect(await program.ended()).toBe(1)
  expect(program.errors()).toMatch(/^invalid configuration: .*\[INVALID_CONFIG\]\n$/)
  expect(program.errors()).toMatch(reason)
})

it('every fault of the options is named in one line', async () => {
  const program = startProgram(['--port', 'http'], { LOG_LEVEL: 'loud' })
  expect(await program.ended()).toBe(1)
  expect(program.errors()).toMatch(/--port must be .*; LOG_LEVEL must be one of .*, not "loud"/)
})

it('--help tells the options', async () => {
  const program = startProgram(['--help'])
  expect(await program.ended()).toBe(0)
  expect(program.output()).toMatch(/--kafka[\s\S]*--port[\s\S]*DATABASE_URL/)
})
