import { expect, it } from 'vitest'
import { redrive } from '../../src/dead-letter/decide.ts'
import { readCheckpoint } from '../../src/postgres/checkpoint.ts'
import type { Publishing } from '../../src/transport/publisher.ts'
import { refusingTransport, relayTo } from '../dead-letter/refusing-relay.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'

const timeout = 20_000

/** Holds every acknowledgement back until it is opened. */
const slowly = (publishing: Publishing) => {
  let open = (): void => undefined
  let asked = 0
  let gate = Promise.resolve()
  const acknowledged = async (): Promise<void> => {
    asked += 1
    await gate
  }
  const held: Publishing = {
    ...publishing,
    publisher: async (options) => {
      const publisher = await publishing.publisher(options)
      const publish: typeof publisher.publish = async (records) => {
        await acknowledged()
        await publisher.publish(records)
      }
      return { ...publisher, publish }
    },
    transactionalPublisher: async (options) => {
      const publisher = await publishing.transactionalPublisher(options)
      const commit: typeof publisher.commit = async (checkpoint) => {
        await acknowledged()
        await publisher.commit(checkpoint)
      }
      return { ...publisher, commit }
    },
  }
  return {
    publishing: held,
    asked: () => asked,
    close: () => {
      gate = new Promise((resolve) => {
        open = resolve
      })
    },
    open: () => open(),
  }
}

it.each(['exactly-once', 'at-least-once'] as const)(
  'removes, marks and reports nothing before the broker has acknowledged it (%s)',
  async (delivery) => {
    const { database } = await freshDatabase()
    const transport = refusingTransport()
    const slow = slowly(transport.publishing)
    const reported: number[] = []
    const published = (records: readonly unknown[]): number => reported.push(records.length)
    const moving = relayTo(
      database,
      { ...transport, publishing: slow.publishing },
      { delivery, published, lookEvery: 20 },
    )
    const position = async () => (await readCheckpoint(database, 'relay/accounts'))?.position ?? 0n
    const states = async () =>
      (
        await database.query<{ state: string }>('select state from onewrite.dead_letters order by place')
      ).rows.map(({ state }) => state)
    slow.close()
    await appendAll(database, [deposited('a', { n: 1 }), deposited('a', { n: 2 })])
    moving.start()
    await expect.poll(slow.asked, { timeout }).toBeGreaterThan(0)
    expect(await position()).toBe(0n)
    expect(reported).toEqual([])
    expect((await database.query('select from onewrite.events')).rowCount).toBe(2)
    slow.open()
    await expect.poll(position, { timeout }).toBe(2n)
    await expect.poll(() => reported, { timeout }).toEqual([2])

    await appendAll(database, [deposited('a', { n: 3, size: 'refused' }), deposited('a', { n: 4 })])
    await expect.poll(states, { timeout }).toEqual(['parked', 'held'])
    await expect.poll(position, { timeout }).toBe(4n)
    transport.relent()
    const before = slow.asked()
    slow.close()
    await redrive(database, {}, { actor: 'test' })
    await expect.poll(slow.asked, { timeout }).toBeGreaterThan(before)
    expect(await states()).toEqual(['released', 'held'])
    expect(reported).toEqual([2])
    slow.open()
    await expect.poll(states, { timeout }).toEqual(['sent', 'sent'])
    expect([...new Set(transport.read('a'))]).toEqual([1, 2, 3, 4])
    await moving.stop()
  },
)
