import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { append } from '../../src/log/append.ts'
import { type LogSubscribing, logSubscribing } from '../../src/log/subscribe.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'
import { toRecord } from '../../src/message/to-record.ts'
import { topics } from '../../src/message/topic.ts'
import type { Database } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { delivering } from '../../src/transport/deliver.ts'
import { type LogSubscribeOptions, postgres } from '../../src/transport/postgres.ts'
import type { DeliveredRecord } from '../../src/transport/subscriber.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { placed } from '../support/order-placed.ts'

let fresh: TestDatabase
let instances: { readonly database: Database; readonly log: LogSubscribing }[]

beforeEach(async () => {
  fresh = await freshDatabase()
  instances = []
})

afterEach(async () => {
  for (const { log, database } of instances) {
    await log.stop({ drain: 5000 })
    await database.close()
  }
  await fresh.close()
})

const encode = (event: RawEvent) => toRecord(event, { source: '/test', topicOf: topics.aggregateEvents })

/** As one process has it: its own pool, its own subscriptions. */
const instance = (): LogSubscribing => {
  const database = pgDatabase({ url: fresh.url, max: 4 })
  const log = logSubscribing({ database, encode, leaseTtl: 2000 })
  instances.push({ database, log })
  return log
}

const place = (...orders: readonly string[]) =>
  fresh.database.transaction((tx) => append(tx, placed(...orders)))

const names = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `order-${from + index}`)

/** Keys in the order they were delivered. */
const listen = (
  log: LogSubscribing,
  options: LogSubscribeOptions,
  before: (keys: readonly string[]) => Promise<void> = async () => {},
) => {
  const keys: string[] = []
  const deliver = async (records: readonly DeliveredRecord[]): Promise<void> => {
    const delivered = records.map(({ key }) => String(key))
    await before(delivered)
    keys.push(...delivered)
  }
  return { keys, subscription: log.subscribe(options, delivering(deliver)) }
}

const group = 'printers'
/** Of one partition, so that the order of all keys is that of the log. */
const whole = { group, partitions: 1 } as const

describe('a subscriber', () => {
  it('gets every event in order, with the record that Kafka would carry', async () => {
    const records: DeliveredRecord[] = []
    await place('order-1')
    const collect = delivering(async (delivered) => {
      records.push(...delivered)
    })
    instance().subscribe(whole, collect)
    for (const name of names(2, 50)) await place(name)
    await expect.poll(() => records.length).toBe(50)
    expect(records.map(({ key }) => String(key))).toEqual(names(1, 50))
    const offsets = records.map(({ offset }) => Number(offset))
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
    expect(records[0]).toMatchObject({
      topic: 'order.events',
      partition: 0,
    })
    expect(records[0]?.headers).toContainEqual(['ce_type', 'order.placed'])
    expect(JSON.parse(String(records[0]?.value))).toEqual({ orderId: 'order-1' })
  })

  it('gets again what it rejected, before anything that follows', async () => {
    let refusals = 0
    const { keys } = listen(instance(), whole, async (delivered) => {
      if (delivered.includes('order-2') && refusals++ < 3) throw new Error('out of paper')
    })
    for (const name of names(1, 5)) await place(name)
    await expect.poll(() => keys).toEqual(names(1, 5))
    expect(refusals).toBe(4)
  })

  it('goes on where its group left off', async () => {
    const first = listen(instance(), whole)
    await place('order-1')
    await expect.poll(() => first.keys).toEqual(['order-1'])
    await first.subscription.stop()
    await place('order-2')
    const second = listen(instance(), { ...whole, from: 'now' })
    await place('order-3')
    await expect.poll(() => second.keys).toEqual(['order-2', 'order-3'])
    expect(first.keys).toEqual(['order-1'])
  })
})

describe('a group that begins now', () => {
  it('gets what is recorded after it was asked for, and nothing before', async () => {
    await place('order-1', 'order-2')
    const { keys } = listen(instance(), { ...whole, from: 'now' })
    await expect.poll(checkpoints).toEqual([{ name: 'group/printers/0', position: '2' }])
    await place('order-3')
    await expect.poll(() => keys).toEqual(['order-3'])
  })

  it('begins only once, even where the log was empty', async () => {
    const first = listen(instance(), { ...whole, from: 'now' })
    await expect.poll(checkpoints).toEqual([{ name: 'group/printers/0', position: '0' }])
    await first.subscription.stop()
    await place('order-1')
    const second = listen(instance(), { ...whole, from: 'now' })
    await expect.poll(() => second.keys).toEqual(['order-1'])
  })

  const checkpoints = async () =>
    (await fresh.database.query('select name, position from onewrite.checkpoints')).rows
})

describe('two instances of a group', () => {
  const holder = async () =>
    (await fresh.database.query("select owner from onewrite.leases where name = 'group/printers/0'")).rows

  const checkpoint = async (name: string) => {
    const sql = 'select position from onewrite.checkpoints where name = $1'
    return (await fresh.database.query<{ position: string }>(sql, [name])).rows[0]?.position
  }

  it('take turns: one reads, the other takes over when it is stopped', async () => {
    const first = listen(instance(), whole)
    await place('order-1')
    await expect.poll(() => first.keys).toEqual(['order-1'])
    const second = listen(instance(), whole)
    for (const name of names(2, 10)) await place(name)
    await expect.poll(() => first.keys).toEqual(names(1, 10))
    expect(second.keys).toEqual([])
    await first.subscription.stop()
    for (const name of names(11, 20)) await place(name)
    await expect.poll(() => second.keys).toEqual(names(11, 20))
    expect(first.keys).toEqual(names(1, 10))
  })

  it('what an instance settles after somebody else has its partition moves nothing', async () => {
    let release = () => {}
    const stuck = new Promise<void>((resolve) => {
      release = resolve
    })
    const entered: string[] = []
    const { keys } = listen(instance(), whole, async (delivered) => {
      entered.push(...delivered)
      if (delivered.includes('order-2')) await stuck
    })
    await place('order-1')
    await expect.poll(() => keys).toEqual(['order-1'])
    await expect.poll(() => checkpoint('group/printers/0')).toBe('1')
    await place('order-2')
    await expect.poll(() => entered).toContain('order-2')
    // As if it had been silent for a ttl and another one had taken the lease: a higher token, on both rows.
    await fresh.database.query(
      `update onewrite.leases set owner = 'nobody', token = token + 1, expires_at = now() + interval '1 hour'
       where name = 'group/printers/0'`,
    )
    await fresh.database.query('update onewrite.checkpoints set fencing_token = fencing_token + 1')
    release()
    await expect.poll(() => keys).toEqual(['order-1', 'order-2'])
    await expect.poll(holder).toEqual([{ owner: 'nobody' }])
    expect(await checkpoint('group/printers/0')).toBe('1')
    await fresh.database.query(
      "update onewrite.leases set expires_at = now() where name = 'group/printers/0'",
    )
    // It is the only one that lives, and begins where the one before had settled.
    await expect.poll(() => keys).toEqual(['order-1', 'order-2', 'order-2'])
    await expect.poll(() => checkpoint('group/printers/0')).toBe('2')
  })
})

describe('a group', () => {
  it('is told at once of what this process commits', async () => {
    const log = instance()
    const { keys } = listen(log, whole)
    await place('order-1')
    log.poke()
    await expect.poll(() => keys).toEqual(['order-1'])
  })

  it('cannot be followed before the transport has a log', () => {
    const subscribe = () =>
      postgres().subscribing?.subscribe(
        { group },
        delivering(async () => {}),
      )
    expect(subscribe).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }))
  })

  it('ends with the log, whoever forgot to stop it', async () => {
    const log = instance()
    const { subscription } = listen(log, whole)
    await log.stop({ drain: 5000 })
    await subscription.ended
    await subscription.stop()
  })
})
