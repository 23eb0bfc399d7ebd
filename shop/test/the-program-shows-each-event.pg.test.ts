import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Queryable } from 'onewrite'
import { describe, expect, it } from 'vitest'
import { freshDatabase } from '../../test/support/database.ts'
import { orderText } from './running-shop.ts'
import { startProgram } from './started-program.ts'

const run = promisify(execFile)
const order = orderText({ quantity: '1', unitPrice: '1' })

const selectWaiting = `
  select count(*)::int as waiting from pg_locks where not granted and relation = 'orders'::regclass`

/** Until an INSERT waits for the lock that the caller holds. */
const untilOrderWaits = (tx: Queryable): Promise<void> =>
  expect.poll(async () => (await tx.query(selectWaiting)).rows).toEqual([{ waiting: 1 }])

const started = async () => {
  const { url, database } = await freshDatabase()
  const program = startProgram(['--port', '0'], { DATABASE_URL: url })
  const orders = await program.sees(/^Orders\s+(http:\S+)/m)
  const post = (): Promise<Response> =>
    fetch(`${orders}/orders`, {
      method: 'POST',
      body: order,
      headers: { 'content-type': 'application/json' },
    })
  return { program, database, orders, post }
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
    expect(program.output()).toMatch(/ {2}order\.created {2}.*"totalAmount": 1/)
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
