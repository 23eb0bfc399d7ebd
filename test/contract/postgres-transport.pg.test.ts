import { randomUUID } from 'node:crypto'
import { subscribingContract } from 'onewrite/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { type LogSubscribing, logSubscribing } from '../../src/log/subscribe.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import type { OutgoingRecord } from '../../src/message/outgoing-record.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'
import { readCheckpoint } from '../../src/postgres/checkpoint.ts'
import type { Database } from '../../src/postgres/database.ts'
import { until } from '../../src/testing/until.ts'
import { postgres } from '../../src/transport/postgres.ts'
import type { Subscribing } from '../../src/transport/subscriber.ts'
import { freshDatabase } from '../support/database.ts'

const transport = postgres()
const uniqueName = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 8)}`

let database: Database
let log: LogSubscribing

/** An event that carries a whole record, so that the contract may say what the record is. */
const carrying = (record: OutgoingRecord): NewEvent => ({
  id: randomUUID(),
  type: 'record.carried',
  version: 1,
  aggregate: 'record',
  aggregateId: record.key?.toString() ?? '',
  data: record,
  occurredAt: new Date(),
  metadata: {},
})

const carried = ({ payload }: RawEvent): OutgoingRecord => JSON.parse(payload)

beforeAll(async () => {
  database = (await freshDatabase()).database
  log = logSubscribing({ database, encode: carried, leaseTtl: 1000 })
  transport.attach?.(log)
})

afterAll(() => log.stop({ drain: 5000 }))

describe('the postgres transport delivers as the contract says', () => {
  let begun: Promise<void> = Promise.resolve()
  const hasBegun = async (group: string): Promise<boolean> =>
    (await readCheckpoint(database, `group/${group}`)) !== undefined
  const subscribing: Subscribing = {
    subscribe: (options, member) => {
      if (transport.subscribing === undefined) throw new Error('the transport does not deliver')
      const subscription = transport.subscribing.subscribe(options, member)
      // `now` is when PostgreSQL gets to answer; on a busy machine that may be after the next transaction.
      if (options.from === 'now') begun = until(() => hasBegun(options.group), `${options.group} to begin`)
      return subscription
    },
  }
  const createTopic = async (): Promise<string> => uniqueName('topic')
  const send = async (records: readonly OutgoingRecord[]): Promise<void> => {
    await begun
    await database.transaction((tx) => append(tx, records.map(carrying)))
  }
  for (const { name, run } of subscribingContract) {
    it(name, () => run({ subscribing, uniqueName, createTopic, send }))
  }
})
