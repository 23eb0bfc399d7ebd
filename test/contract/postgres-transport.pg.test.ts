import { randomUUID } from 'node:crypto'
import { silenceContract, subscribingContract } from 'onewrite/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { type LogSubscribing, logSubscribing } from '../../src/log/subscribe.ts'
import { headerList } from '../../src/message/header-list.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import type { OutgoingRecord } from '../../src/message/outgoing-record.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'
import type { Database } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { postgres } from '../../src/transport/postgres.ts'
import type { Subscribing } from '../../src/transport/subscriber.ts'
import { freshDatabase } from '../support/database.ts'
import { tcpProxy } from '../support/tcp-proxy.ts'

const transport = postgres()
const uniqueName = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 8)}`
const leaseTtl = 1000

let url: string
let database: Database
let log: LogSubscribing

const hex = (value: string | Buffer | null): string | null =>
  value === null ? null : Buffer.from(value).toString('hex')

const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'hex'))

/** An event that carries a whole record, so that the contract may say what the record is. */
const carrying = (record: OutgoingRecord): NewEvent => ({
  id: randomUUID(),
  type: 'record.carried',
  version: 1,
  aggregate: 'record',
  aggregateId: hex(record.key) || 'none',
  data: {
    topic: record.topic,
    key: hex(record.key),
    value: hex(record.value),
    headers: headerList(record.headers).map(([name, value]) => [name, hex(value)]),
  },
  occurredAt: new Date(),
  metadata: {},
})

interface Carried {
  readonly topic: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

const carried = ({ payload }: RawEvent): OutgoingRecord => {
  const { topic, key, value, headers }: Carried = JSON.parse(payload)
  const list = headers.map(([name, header]) => [name, bytes(header)] as const)
  return { topic, key: bytes(key), value: bytes(value), headers: list }
}

beforeAll(async () => {
  const fresh = await freshDatabase()
  url = fresh.url
  database = fresh.database
  log = logSubscribing({ database, encode: carried, leaseTtl })
  transport.attach?.(log)
})

afterAll(() => log.stop({ drain: 5000 }))

const subscribing: Subscribing = {
  subscribe: (options, member) => {
    if (transport.subscribing === undefined) throw new Error('the transport does not deliver')
    return transport.subscribing.subscribe(options, member)
  },
}

/** Behind a connection of its own, which goes silent. */
const open = async () => {
  const proxy = await tcpProxy({ host: '127.0.0.1', port: Number(new URL(url).port) })
  const own = pgDatabase({ url: proxy.through(url), max: 4 })
  const apart = logSubscribing({ database: own, encode: carried, leaseTtl })
  return {
    subscribing: apart,
    silence: proxy.blackhole,
    close: async () => {
      const stopping = apart.stop({ drain: 30_000 })
      await proxy.close()
      await stopping
      await own.close()
    },
  }
}

const fixture = {
  subscribing,
  uniqueName,
  createTopic: async () => uniqueName('topic'),
  send: async (records: readonly OutgoingRecord[]) => {
    await database.transaction((tx) => append(tx, records.map(carrying)))
  },
  open,
}

describe('the postgres transport', () => {
  for (const { name, run } of subscribingContract) it(name, { timeout: 300_000 }, () => run(fixture))
  for (const { name, run } of silenceContract) it(name, { timeout: 300_000 }, () => run(fixture))
})
