import { expect } from 'vitest'
import { z } from 'zod'
import { type Consumer, consumer } from '../../src/consumer/consumer.ts'
import type { ConsumerOptions } from '../../src/consumer/consumer-options.ts'
import type { Handled, Handling } from '../../src/consumer/handler.ts'
import { on } from '../../src/consumer/on.ts'
import { runConsumer } from '../../src/consumer/run-consumer.ts'
import type { RunOptions } from '../../src/consumer/run-options.ts'
import type { Loop } from '../../src/lifecycle/loop.ts'
import type { ConsumedEvent } from '../../src/message/consumed-event.ts'
import { event } from '../../src/message/event.ts'
import { newId } from '../../src/message/new-id.ts'
import type { OutgoingRecord } from '../../src/message/outgoing-record.ts'
import type { Transaction } from '../../src/postgres/database.ts'
import { exponential } from '../../src/retry/backoff.ts'
import { type MemoryTransport, memory } from '../../src/transport/memory.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const data = z.object({ thing: z.string(), n: z.number() })

export const Counted = event('thing.counted', { aggregate: 'thing', id: ({ thing }) => thing, data })
export const Noted = event('note.taken', { aggregate: 'note', id: ({ thing }) => thing, data })

export type Counting = Handling<ConsumedEvent<'thing.counted', z.infer<typeof data>>>

export const topic = 'thing.events'

/** What a relay would send for the nth event of a thing. */
export const counted = (thing: string, n: number, id = newId()): OutgoingRecord => ({
  topic,
  key: thing,
  value: JSON.stringify({ thing, n }),
  headers: {
    id,
    ce_id: id,
    ce_type: 'thing.counted',
    ce_dataversion: '1',
    ce_time: new Date().toISOString(),
  },
})

/** Events 1 to `most` of each thing, in turn. */
export const manyCounted = (things: readonly string[], most: number): readonly OutgoingRecord[] =>
  Array.from({ length: most }, (_, index) => things.map((thing) => counted(thing, index + 1))).flat()

/** The effect of most tests: a row that no constraint keeps from being there twice. */
export const write = ({ tx, event }: Counting): Promise<unknown> =>
  tx.query('insert into effects (thing, n) values ($1, $2)', [event.data.thing, event.data.n])

export interface Scene {
  readonly db: TestDatabase
  readonly transport: MemoryTransport
  send(records: readonly OutgoingRecord[]): Promise<void>
  /** Starts an instance; it is stopped with the scene. */
  start(consumer: Consumer, options?: Partial<RunOptions>): Loop
  /** Numbers by thing, in the order in which they took effect. */
  effects(): Promise<Readonly<Record<string, readonly number[]>>>
  close(): Promise<void>
}

/** A consumer of things that is impatient, as tests are. */
export const counting = (
  name: string,
  handle: (handling: Counting) => Promise<Handled>,
  options: ConsumerOptions = {},
): Consumer => {
  const retry = { backoff: exponential('20ms', { max: '50ms' }) }
  return consumer(name, [on(Counted, handle)], { retry, ...options })
}

export const writing = async (handling: Counting): Promise<Handled> => {
  await write(handling)
  return undefined
}

const groupEffects = async (database: { query: Transaction['query'] }) => {
  const { rows } = await database.query<{ thing: string; ns: number[] }>(
    'select thing, array_agg(n order by seq) as ns from effects group by thing',
  )
  return Object.fromEntries(rows.map(({ thing, ns }) => [thing, ns]))
}

/** One partition in memory unless told otherwise: a partition that is blocked then shows at once. */
export const openScene = async ({ partitions = 1 } = {}): Promise<Scene> => {
  const db = await freshDatabase()
  await db.database.query('create table effects (seq bigserial, thing text not null, n int not null)')
  const transport = memory({ partitions })
  await transport.publishing.createTopics([{ name: topic }])
  const publisher = await transport.publishing.publisher({ name: 'test' })
  const running: Loop[] = []
  return {
    db,
    transport,
    send: (records) => publisher.publish(records),
    start: (one, options = {}) => {
      const { subscribing } = transport
      const common = { consumer: one, database: db.database, subscribing, topics: [topic], lookEvery: 50 }
      const started = runConsumer({ ...common, ...options })
      running.push(started)
      started.start()
      return started
    },
    effects: () => groupEffects(db.database),
    close: async () => {
      await Promise.all(running.map((one) => one.stop()))
      await publisher.close()
      await transport.close()
      await db.close()
    },
  }
}

/** 1 to n. */
export const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, index) => index + 1)

const patience = { timeout: 30_000, interval: 50 }

/** Waits until exactly these effects are there. */
export const expectEffects = (scene: Scene, expected: Readonly<Record<string, readonly number[]>>) =>
  expect.poll(() => scene.effects(), patience).toEqual(expected)
