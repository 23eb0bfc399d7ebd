import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { postgres, type Queryable } from 'onewrite'
import { describe, expect, it, vi } from 'vitest'
import { freshDatabase } from '../../test/support/database.ts'
import { startOrderService } from '../src/order-service.ts'
import { orderIdIn, orderText, silent } from './running-shop.ts'
import { startProgram } from './started-program.ts'

// A program takes seconds to start while other tests keep the processors busy.
vi.setConfig({ testTimeout: 90_000 })

const run = promisify(execFile)
const order = orderText({ quantity: '1', unitPrice: '1' })

const selectWaiting = `
  select count(*)::int as waiting from pg_locks where not granted and relation = 'orders'::regclass`

/** Until an INSERT waits for the lock that the caller holds. */
const untilOrderWaits = (tx: Queryable): Promise<void> =>
  expect.poll(async () => (await tx.query(selectWaiting)).rows).toEqual([{ waiting: 1 }])

const postTo = (url: string): Promise<Response> =>
  fetch(`${url}/orders`, { method: 'POST', body: order, headers: { 'content-type': 'application/json' } })

const place = async (url: string): Promise<string> => {
  const response = await postTo(url)
  expect(response.status).toBe(201)
  return orderIdIn(await response.json())
}

const started = async () => {
  const { url, database } = await freshDatabase()
  const program = startProgram(['--port', '0'], { DATABASE_URL: url })
  const orders = await program.sees(/^Orders\s+(http:\S+)/m)
  return { program, database, post: () => postTo(orders) }
}

describe('the program of npm start', () => {
  it('prints a curl line that works, shows the event as it leaves, and ends on Ctrl-C', async () => {
    const { program } = await started()
    const curl = await program.sees(/^ {2}(curl .*)$/m)
    const { stdout } = await run('sh', ['-c', curl])
    expect(stdout).toMatch(/^HTTP\/1.1 201 Created/)
    const orderId = /"orderId":"([^"]+)"/.exec(stdout)?.[1] ?? 'none'
    const line = await program.sees(
      new RegExp(
        `^\\d\\d:\\d\\d:\\d\\d\\.\\d{3}  order\\.created  ${orderId}  order\\.created  (\\{.*\\})$`,
        'm',
      ),
    )
    expect(JSON.parse(line)).toMatchObject({ orderId, totalAmount: 299.9 })
    program.child.kill('SIGINT')
    expect(await program.ended()).toBe(0)
    expect(program.errors()).toBe('')
  })

  it('answers the request in hand before it ends', async () => {
    const { program, database, post } = await started()
    const { answer } = await database.transaction(async (tx) => {
      await tx.query('lock table orders in share mode')
      const pending = post()
      await untilOrderWaits(tx)
      program.child.kill('SIGINT')
      await program.sees(/^Stopping/m)
      return { answer: pending }
    })
    const { status, headers } = await answer
    expect(status).toBe(201)
    // Kept alive, the connection would hold the program open.
    expect(headers.get('connection')).toBe('close')
    expect(await program.ended()).toBe(0)
  })

  it('shows an event that had not left before the last end, after its introduction, once', async () => {
    const { url } = await freshDatabase()
    const address = { host: '127.0.0.1', port: 0 }
    // Without `published` nobody reads the log: what is recorded stays to be shown.
    const silently = await startOrderService({
      database: url,
      transport: postgres(),
      logger: silent,
      address,
    })
    const earlier = await place(silently.url)
    await silently.stop()
    const first = startProgram(['--port', '0'], { DATABASE_URL: url })
    await first.sees(new RegExp(`Ctrl-C stops:\\n.*order\\.created {2}${earlier}`))
    first.child.kill('SIGINT')
    expect(await first.ended()).toBe(0)
    const second = startProgram(['--port', '0'], { DATABASE_URL: url })
    const later = await place(await second.sees(/^Orders\s+(http:\S+)/m))
    await second.sees(new RegExp(`order\\.created {2}${later}`))
    expect(second.output()).not.toContain(earlier)
  })

  it('ends at once on the second Ctrl-C', async () => {
    const { program, database, post } = await started()
    await database.transaction(async (tx) => {
      await tx.query('lock table orders in share mode')
      const refused = expect(post()).rejects.toThrow()
      await untilOrderWaits(tx)
      program.child.kill('SIGINT')
      await program.sees(/^Stopping/m)
      program.child.kill('SIGINT')
      expect(await program.ended()).toBe(130)
      await refused
    })
  })
})
