import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { brokers } from '../../test/support/broker.ts'
import { freshDatabase } from '../../test/support/database.ts'
import { orderIdIn, orderText } from './running-shop.ts'
import { startProgram } from './started-program.ts'

const run = promisify(execFile)
const body = orderText({ quantity: '1', unitPrice: '1' })
const long = { timeout: 120_000 }

it('npm start -- --kafka prints a line that cancels an order', long, async () => {
  const { url } = await freshDatabase()
  const program = startProgram(['--kafka', '--port', '0'], { DATABASE_URL: url, KAFKA_BROKERS: brokers() })
  const orders = await program.sees(/^Orders\s+(http:\S+)/m)
  const line = await program.sees(/^ {2}(echo .* produce order\.cancelled)$/m)
  const headers = { 'content-type': 'application/json' }
  const id = orderIdIn(await (await fetch(`${orders}/orders`, { method: 'POST', headers, body })).json())
  await run('sh', ['-c', line.replace('ORDER_ID', id)])
  const found = async (): Promise<unknown> => (await fetch(`${orders}/orders/${id}`)).json()
  await expect.poll(found, { timeout: 40_000 }).toMatchObject({ status: 'CANCELLED' })
  program.child.kill('SIGINT')
  expect(await program.ended()).toBe(0)
})
