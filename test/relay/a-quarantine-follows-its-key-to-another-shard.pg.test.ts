import { expect, it } from 'vitest'
import { redrive } from '../../src/dead-letter/decide.ts'
import { toRecord } from '../../src/message/to-record.ts'
import { shardedRelay } from '../../src/relay/shard/sharded-relay.ts'
import { divideRelay, readTopology } from '../../src/relay/shard/topology.ts'
import { tableSource } from '../../src/relay/table-source.ts'
import { refusingTransport, topic } from '../dead-letter/refusing-relay.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'

const timeout = 40_000
const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

it.each(['exactly-once', 'at-least-once'] as const)(
  'what waits in a quarantine goes on in order after the relay was divided anew (%s)',
  async (delivery) => {
    const { database } = await freshDatabase()
    const transport = refusingTransport()
    const moving = shardedRelay({
      name: 'accounts',
      database,
      publishing: transport.publishing,
      delivery,
      leaseTtl: 1000,
      watchEvery: 50,
      lookEvery: 20,
      sourceOf: (part) =>
        tableSource({
          database,
          part,
          encode: (event) => toRecord(event, { source: '/test', topicOf: () => topic }),
          polling: { shortest: 2, longest: 20 },
        }),
    })
    const read = (key: string) => [...new Set(transport.read(key))]
    const append = (n: number, size = '') =>
      appendAll(
        database,
        keys.map((key) => deposited(key, { n, size })),
      )
    const divide = async (shards: number): Promise<void> => {
      await divideRelay(database, 'accounts', shards)
      await expect
        .poll(async () => (await readTopology(database, 'accounts'))?.now, { timeout })
        .toMatchObject({ shards, active: true })
    }
    const waiting = async (): Promise<number> =>
      (
        await database.query<{ waiting: number }>(
          `select count(*)::int as waiting from onewrite.dead_letters where state in ('parked', 'held')`,
        )
      ).rows[0]?.waiting ?? 0

    moving.start()
    await append(1)
    await append(2, 'refused')
    await append(3)
    await expect.poll(waiting, { timeout }).toBe(16)
    await divide(3)
    await append(4)
    await expect.poll(waiting, { timeout }).toBe(24)
    await divide(2)
    await append(5)
    await expect.poll(waiting, { timeout }).toBe(32)
    expect(keys.map(read)).toEqual(keys.map(() => [1]))
    transport.relent()
    await redrive(database, {}, { actor: 'test' })
    await append(6)
    await expect.poll(() => keys.map(read), { timeout }).toEqual(keys.map(() => [1, 2, 3, 4, 5, 6]))
    if (delivery === 'exactly-once') {
      for (const key of keys) expect(transport.read(key)).toEqual([1, 2, 3, 4, 5, 6])
    }
    await moving.stop()
  },
  120_000,
)
