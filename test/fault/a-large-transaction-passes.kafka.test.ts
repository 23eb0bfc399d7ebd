import { expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import type { SourceName } from '../../src/service/service-options.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { OrderPlaced } from '../support/order-placed.ts'
import { caughtUp } from './caught-up.ts'
import { countRecords } from './count-records.ts'
import { largest } from './effort.ts'
import { startRelayChild } from './relay-child.ts'
import { readsWal } from './server-faults.ts'

const orders = 200

/**
 * Resident bytes. Measured at most, on two busy cores: 180 MB (table) and 150 MB (wal) with 50,000 events, 253 MB and
 * 212 MB with 1,000,000, whose records take more than 1 GB.
 */
const bound = 300e6

/** In the order of their numbers, over all orders in turn. */
const events = (from: number, count: number): readonly NewEvent[] =>
  Array.from({ length: count }, (_, index) => OrderPlaced({ orderId: `order-${(from + index) % orders}` }))

/** One transaction: a fifth of its events in one append, which is as much as fits, the others in small ones. */
const recordLarge = ({ database }: TestDatabase): Promise<void> =>
  database.transaction(async (tx) => {
    const large = largest / 5
    await append(tx, events(0, large))
    for (let done = large; done < largest; done += 1_000) await append(tx, events(done, 1_000))
  })

it.each<[SourceName]>([['table'], ['wal']])(
  `of ${largest} events, read from the %s: once, in order, with bounded memory`,
  { timeout: 240_000 + 2 * largest },
  async (source) => {
    const fresh = await freshDatabase()
    const { database, url: databaseUrl } = fresh
    const relay = uniqueTopic(source)
    const child = startRelayChild({
      ...{ databaseUrl, brokers: brokers(), topic: relay, relay, source, delivery: 'exactly-once' },
      transactionTimeout: 900_000,
    })
    if (source === 'wal') await readsWal(database, relay)
    else await child.leading
    const started = performance.now()
    await recordLarge(fresh)
    const recorded = performance.now()
    await caughtUp(database, child, relay, 60_000 + largest)
    const published = performance.now()
    const memory = await child.peakMemory()
    await child.stop()
    console.log(
      `${source}: recorded in ${Math.round((recorded - started) / 1000)} s, published` +
        ` ${Math.round((published - recorded) / 1000)} s later, ${Math.round(memory / 1e6)} MB at most`,
    )
    expect(await countRecords(brokers(), relay)).toEqual({ records: largest, outOfOrder: 0 })
    expect(memory).toBeLessThan(bound)
  },
)
