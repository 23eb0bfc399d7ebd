import { afterEach, beforeEach, expect, it } from 'vitest'
import { consumerStatus } from '../../src/admin/consumer-status.ts'
import { consumer } from '../../src/consumer/consumer.ts'
import { on } from '../../src/consumer/on.ts'
import { deadLetter, retry } from '../../src/consumer/outcome.ts'
import { append } from '../../src/log/append.ts'
import { type RunningService, service } from '../../src/service/service.ts'
import { memory } from '../../src/transport/memory.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { OrderPlaced, placed } from '../support/order-placed.ts'
import { run } from './run.ts'

let fresh: TestDatabase
let app: RunningService | undefined

beforeEach(async () => {
  fresh = await freshDatabase()
})

afterEach(async () => {
  await app?.stop()
  app = undefined
  await fresh.close()
})

const inventory = consumer('inventory', [
  on(OrderPlaced, ({ event }) => {
    if (event.aggregateId === 'later') return retry('1h')
    return event.aggregateId === 'never' ? deadLetter('unknown product') : undefined
  }),
])

const start = async (): Promise<RunningService> => {
  app = await service({
    ...{ name: 'orders', database: fresh.url, transport: memory(), events: [OrderPlaced] },
    consumers: [inventory],
  }).start()
  return app
}

const status = async () => (await consumerStatus(fresh.database)).consumers[0]

const command = (...argv: readonly string[]) => run(argv, { DATABASE_URL: fresh.url })

it('says that no consumer has ever run', async () => {
  expect(await command('lag')).toMatchObject({ exitCode: 0, out: 'no consumer has ever run\n' })
})

it('tells of each partition who reads it, how far, and what is retried, parked and held', async () => {
  const running = await start()
  await running.transaction((tx) => append(tx, placed('a', 'later', 'later', 'never', 'never', 'b')))
  await expect.poll(async () => (await status())?.quarantine).toMatchObject({ parked: 1, held: 1, queues: 1 })
  await expect.poll(async () => (await status())?.retries).toBe(1)
  // One record waits for its retry, the other behind it; what lies beyond them in their partition counts as unsettled.
  await expect.poll(async () => (await status())?.lag.seconds).toBeGreaterThan(0)
  const found = await status()
  expect(found?.partitions.every(({ state }) => state === 'reading')).toBe(true)
  expect(Number(found?.lag.events)).toBeGreaterThanOrEqual(2)
  const behind = found?.partitions.filter(({ lag }) => lag.seconds > 0)
  expect(behind).toHaveLength(1)
  const { out, exitCode } = await command('lag')
  expect(exitCode).toBe(3)
  expect(out).toMatch(/^PARTITION +CONSUMER +STATE +SETTLED +END +LAG +OLDEST +OWNER/)
  expect(out).toContain('problem: inventory: 1 event could not be handled, and 1 wait behind')
  const named = await command('lag', '--consumer', 'inventory', '--json')
  expect(named.json()).toMatchObject({ consumers: [{ name: 'inventory', retries: 1 }], healthy: false })
  expect((await command('lag', '--consumer', 'other', '--json')).json()).toEqual({
    consumers: [],
    healthy: true,
  })
  expect((await command('status')).out).toMatch(/inventory +\d+ of \d+ read/)
})

it('takes of the positions of the log the share that falls to a partition, and lists partitions by number', async () => {
  await fresh.database.query(`insert into onewrite.consumers (name) values ('mail')`)
  await fresh.database.query(`
    insert into onewrite.consumer_partitions (consumer, name, owner, token, wanted, settled, log_end)
    select c.id, p.name, 'x', 1, 1, 100, 261 from onewrite.consumers c,
      unnest(array['log/10-of-16', 'log/9-of-16', 'a.events/10', 'a.events/9']) p(name)`)
  expect((await status())?.partitions.map(({ name, lag }) => [name, lag.events])).toEqual([
    ['a.events/9', 161n],
    ['a.events/10', 161n],
    ['log/9-of-16', 11n],
    ['log/10-of-16', 11n],
  ])
})

it('is well again once everything is dealt with, and says when nobody reads any more', async () => {
  const running = await start()
  await running.transaction((tx) => append(tx, placed('a', 'b')))
  await expect.poll(async () => (await status())?.lag).toEqual({ events: 0n, seconds: 0 })
  expect((await command('lag')).exitCode).toBe(0)
  await running.stop()
  await fresh.database.query(
    `update onewrite.consumer_partitions
     set heard_at = clock_timestamp() - interval '31 seconds', owned_at = '-infinity', settled_at = '-infinity'`,
  )
  const { out, exitCode } = await command('lag')
  expect(exitCode).toBe(3)
  expect(out).toMatch(/problem: inventory: nobody reads \d+ of \d+ partitions/)
  const dry = await command('consumer', 'forget', 'inventory', '--dry-run')
  expect(dry.out).toMatch(/would forget inventory: \d+ partitions, 0 events to try again, 0 dead letters/)
  expect((await command('consumer', 'forget', 'inventory')).exitCode).toBe(0)
  expect((await command('lag')).out).toBe('no consumer has ever run\n')
})

it('does not forget a consumer that runs, and discards what a forgotten one could not handle', async () => {
  const running = await start()
  await running.transaction((tx) => append(tx, placed('never', 'never')))
  await expect.poll(async () => (await status())?.quarantine).toMatchObject({ parked: 1, held: 1 })
  expect(await command('consumer', 'forget', 'inventory')).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining('READER_IN_USE'),
  })
  await running.stop()
  await fresh.database.query(`
    update onewrite.consumer_partitions set heard_at = null, owned_at = '-infinity', settled_at = null`)
  const done = await command('consumer', 'forget', 'inventory', '--actor', 'ann')
  expect(done.out).toContain('2 dead letters to discard')
  const { rows } = await fresh.database.query(
    'select state, actor, reason from onewrite.dead_letters order by number',
  )
  const discarded = { state: 'discarded', actor: 'ann', reason: 'the consumer was forgotten' }
  expect(rows).toEqual([discarded, discarded])
  expect(await command('consumer', 'forget', 'inventory')).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining('no consumer is named inventory'),
  })
})

it('lists what became of events, where a consumer keeps it', async () => {
  const noting = consumer('noting', [on(OrderPlaced, () => undefined)], { notifications: true })
  app = await service({
    ...{ name: 'orders', database: fresh.url, transport: memory(), events: [OrderPlaced] },
    consumers: [noting],
  }).start()
  const [event] = placed('a')
  await app.transaction((tx) => append(tx, placed('b')))
  if (event !== undefined) await app.transaction((tx) => append(tx, [event]))
  const named = () => command('consumer', 'notifications', '--event', event?.id ?? '', '--json')
  await expect
    .poll(async () => (await named()).json())
    .toMatchObject({ notifications: [{ consumer: 'noting', status: 'SUCCEEDED', topic: 'order.events' }] })
  expect((await command('consumer', 'notifications')).out).toMatch(/^EVENT +CONSUMER +STATUS/)
  expect((await command('consumer', 'notifications', '--topic', 'x')).out).toBe('no notifications\n')
})
