import { expect, it } from 'vitest'
import { InvalidConfigError } from '../../src/error/classes.ts'
import { service } from '../../src/service/service.ts'

const faultOf = (options: unknown): string => {
  try {
    // What a caller without types may pass.
    Reflect.apply(service, undefined, [options])
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidConfigError)
    return String(error)
  }
  throw new Error('the options were accepted')
}

it('names every fault at once', () => {
  const fault = faultOf({
    name: 'Orders!',
    delivery: 'twice',
    leaseTtl: 10,
    createTopics: 'orders',
    published: 'console.log',
    topic: 'orders',
    events: 7,
    migrate: 'yes',
    retention: { after: '30 days' },
    transport: 'kafka',
    database: 5432,
    polling: { shortest: 0, longest: Number.NaN },
    source: 'walnut',
    outboxes: { 'Old one': 'public.outbox' },
    walBudget: 0.5,
    beyondBudget: 'panic',
    shards: 65,
    consumers: [{ name: 'mail' }],
    transprot: undefined,
  })
  const expected = [
    'name "Orders!" is not a lower-case name',
    'delivery "twice" is neither "exactly-once" nor "at-least-once"',
    'leaseTtl 10 is not a whole number of milliseconds from 500',
    'createTopics is neither a list of topics nor false',
    'published is not a function',
    'topic is not a naming strategy',
    'events is not a list of events',
    'migrate is neither true nor false',
    'retention after: "30 days" is not a duration such as "12h" or "30d"',
    'transport is not a transport',
    'database is neither a URL nor a database',
    'polling.shortest 0 is not a number of milliseconds above 0',
    'polling.longest NaN is not a number of milliseconds above 0',
    'outboxes has faults: "Old one" is no name such as "legacy", Old one was not made by outboxTable',
    'source "walnut" is none of table, wal',
    'walBudget 0.5 is not a whole number of bytes above 0',
    'beyondBudget "panic" is neither "keep" nor "drop"',
    'shards 65 is not a whole number from 1 to 64',
    'consumers has at 0 what was not made by consumer()',
    'unknown option transprot; did you mean transport?',
  ]
  for (const part of expected) expect(fault).toContain(part)
})

it.each(['', 'Orders', 'orders service', '-orders', 'orders-', 'a..b', 'x'.repeat(101), undefined, 7])(
  'refuses the name %j',
  (name) => {
    expect(faultOf({ name })).toContain('is not a lower-case name')
  },
)

it.each(['orders', 'o', 'order-service', 'shop.orders_2', 'x'.repeat(100)])('takes the name %j', (name) => {
  expect(() => service({ name })).not.toThrow()
})

it('opens nothing before start', () => {
  const before = process.getActiveResourcesInfo()
  service({ name: 'orders', database: 'postgres://127.0.0.1:1/nowhere' })
  expect(process.getActiveResourcesInfo()).toEqual(before)
})
