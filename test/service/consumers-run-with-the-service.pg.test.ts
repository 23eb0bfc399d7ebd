import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { consumer } from '../../src/consumer/consumer.ts'
import { on } from '../../src/consumer/on.ts'
import { append } from '../../src/log/append.ts'
import type { RunningService } from '../../src/service/service.ts'
import { service } from '../../src/service/service.ts'
import type { ServiceOptions } from '../../src/service/service-options.ts'
import { memory } from '../../src/transport/memory.ts'
import { postgres } from '../../src/transport/postgres.ts'
import type { Subscribing, TopicRetention } from '../../src/transport/subscriber.ts'
import type { Transport } from '../../src/transport/transport.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { OrderPlaced, placed } from '../support/order-placed.ts'

let fresh: TestDatabase
let app: RunningService | undefined

beforeEach(async () => {
  fresh = await freshDatabase()
  await fresh.database.query('create table effects (n bigint generated always as identity, id text)')
})

afterEach(async () => {
  await app?.stop()
  app = undefined
  await fresh.close()
})

const keep = on(OrderPlaced, async ({ event, tx }) => {
  await tx.query('insert into effects (id) values ($1)', [event.aggregateId])
})

const effects = async (): Promise<readonly string[]> =>
  (await fresh.database.query<{ id: string }>('select id from effects order by n')).rows.map(({ id }) => id)

const start = async (options: Partial<ServiceOptions>): Promise<RunningService> => {
  app = await service({ name: 'orders', database: fresh.url, events: [OrderPlaced], ...options }).start()
  return app
}

const connectionsSql = `
  select pid from pg_stat_activity where datname = current_database() and application_name like 'onewrite %'`

const partOf = (name: string) => app?.health().parts.find((part) => part.name === name)

describe.each([
  ['postgres', postgres],
  ['memory', memory],
] as readonly [string, () => Transport][])('consumers on %s', (_name, transport) => {
  it('handle what the service records, and are part of its health', async () => {
    const running = await start({
      transport: transport(),
      consumers: [consumer('inventory', [keep]), consumer('mail', [keep])],
    })
    await running.transaction((tx) => append(tx, placed('order-1', 'order-2')))
    await expect.poll(effects).toHaveLength(4)
    expect(new Set(await effects())).toEqual(new Set(['order-1', 'order-2']))
    await expect.poll(() => partOf('consumer inventory')?.state).toBe('up')
    expect(partOf('inbox')).toMatchObject({ state: 'up' })
  })

  it('finish what they have in hand before the service stops, and go on after the next start', async () => {
    let begun = (): void => undefined
    const inHand = new Promise<void>((resolve) => {
      begun = resolve
    })
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = on(OrderPlaced, async ({ event, tx }) => {
      begun()
      await held
      await tx.query('insert into effects (id) values ($1)', [event.aggregateId])
    })
    const shared = transport()
    const running = await start({ transport: shared, consumers: [consumer('inventory', [slow])] })
    await running.transaction((tx) => append(tx, placed('order-1')))
    await inHand
    const stopped = running.stop()
    release()
    await stopped
    expect(await effects()).toEqual(['order-1'])
    expect(partOf('consumer inventory')?.state).toBe('stopped')
    const again = await start({ transport: shared, consumers: [consumer('inventory', [keep])] })
    await again.transaction((tx) => append(tx, placed('order-2')))
    await expect.poll(effects).toEqual(['order-1', 'order-2'])
  })
})

describe('a service refuses', () => {
  const faultOf = (options: Partial<ServiceOptions>): string => {
    try {
      service({ name: 'orders', database: fresh.url, ...options })
    } catch (error) {
      return String(error)
    }
    throw new Error('the options were accepted')
  }

  it('two consumers of one name', () => {
    const consumers = [consumer('mail', [keep]), consumer('mail', [keep])]
    expect(faultOf({ consumers })).toContain('consumers has two consumers called mail')
  })

  it('a transport that delivers nothing', () => {
    const transport: Transport = { name: 'mute', check: async () => {}, close: async () => {} }
    const fault = faultOf({ transport, consumers: [consumer('mail', [keep])] })
    expect(fault).toContain('the transport mute delivers nothing to consumers: mail')
  })

  it('a strategy that knows no topic for what is handled', () => {
    const fault = faultOf({ topic: () => 'no such name', consumers: [consumer('mail', [keep])] })
    expect(fault).toContain('the topic of order.placed, which consumer mail handles, is not known')
  })
})

describe('a consumer whose topics', () => {
  /** Keeps records as it is told to. */
  const keeping = (answer: () => Promise<readonly TopicRetention[]>): Transport => {
    const inner = memory()
    const subscribing: Subscribing = {
      subscribe: (...given) => {
        if (inner.subscribing === undefined) throw new Error('nothing to subscribe to')
        return inner.subscribing.subscribe(...given)
      },
      retention: answer,
    }
    return { ...inner, subscribing }
  }
  const [hour, day] = [3_600_000, 86_400_000]
  const at = (keeps: number) => keeping(async () => [{ topic: 'order.events', keeps }])

  it.each([
    ['keep records longer than it remembers', 8 * day, {}, 'for 8d, and inbox.window is 7d: read again'],
    ['keep records for ever', Number.POSITIVE_INFINITY, {}, 'keeps records for ever, and inbox.window is 7d'],
    ['keep records shorter than it retries', hour, { retry: { for: '2h' } }, 'for 1h, and retry.for is 2h'],
  ] as const)('%s does not start, and says why', async (_what, keeps, options, reason) => {
    const consumers = [consumer('mail', [keep], options)]
    await expect(start({ transport: at(keeps), consumers })).rejects.toMatchObject({
      code: 'RETENTION_MISMATCH',
      message: expect.stringContaining(reason),
    })
    const connections = async () => (await fresh.database.query(connectionsSql)).rows
    await expect.poll(connections).toEqual([])
  })

  it.each([
    ['as long as it remembers', 7 * day, {}],
    ['longer, where repeats are accepted', Number.POSITIVE_INFINITY, { inbox: { acceptRepeats: true } }],
    ['shorter than it remembers, but longer than it retries', hour, {}],
  ] as const)('keep records %s starts', async (_what, keeps, options) => {
    const running = await start({ transport: at(keeps), consumers: [consumer('mail', [keep], options)] })
    await running.transaction((tx) => append(tx, placed('order-1')))
    await expect.poll(effects).toEqual(['order-1'])
  })

  it('cannot be asked about now is not read before they were', async () => {
    let known: readonly TopicRetention[] | undefined
    const transport = keeping(async () => {
      if (known === undefined) throw new Error('the broker is away')
      return known
    })
    const running = await start({ transport, consumers: [consumer('mail', [keep])] })
    await running.transaction((tx) => append(tx, placed('order-1')))
    await expect.poll(() => partOf('consumer mail')?.reason).toBe('the broker is away')
    expect(await effects()).toEqual([])
    known = [{ topic: 'order.events', keeps: 8 * day }]
    await expect.poll(() => partOf('consumer mail')?.reason).toContain('read again')
    known = []
    await expect.poll(effects).toEqual(['order-1'])
  })
})
