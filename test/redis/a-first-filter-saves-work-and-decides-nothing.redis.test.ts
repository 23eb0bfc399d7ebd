import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { FirstFilter } from '../../src/consumer/inbox/first-filter.ts'
import { inboxIdentity } from '../../src/consumer/inbox/identity.ts'
import { redisFilter } from '../../src/redis/redis-filter.ts'
import {
  counting,
  expectEffects,
  manyCounted,
  openScene,
  type Scene,
  upTo,
  writing,
} from '../consumer/scene.ts'
import { type RedisServer, type RedisSocket, startRedis } from '../support/redis.ts'

let redis: RedisServer
let client: RedisSocket
let scene: Scene

beforeAll(async () => {
  redis = await startRedis()
  client = redis.client()
})
afterAll(() => redis.stop())

beforeEach(async () => {
  scene = await openScene()
  await client.sendCommand(['FLUSHALL'])
})
afterEach(() => scene.close())

const things = ['a', 'b', 'c', 'd', 'e']
const all = (most: number) => Object.fromEntries(things.map((thing) => [thing, upTo(most)]))

/** Counts what a filter says, and looks at the database at the moment when something is remembered. */
const watching = (inner: FirstFilter) => {
  const saw = { asked: 0, known: 0, remembered: new Set<string>(), early: 0 }
  const filter: FirstFilter = {
    seen: async (consumer, ids) => {
      const known = await inner.seen(consumer, ids)
      saw.asked += ids.length
      saw.known += known.size
      return known
    },
    remember: async (consumer, ids) => {
      const sql = `select count(*)::int as marks from onewrite.inbox where id = any($1::uuid[])`
      const { rows } = await scene.db.database.query<{ marks: number }>(sql, [ids])
      saw.early += ids.length - (rows[0]?.marks ?? 0)
      await inner.remember(consumer, ids)
      for (const id of ids) saw.remembered.add(id)
    },
  }
  return { filter, saw }
}

it('tells what was seen, so that the inbox need not be asked, and every effect is there once', async () => {
  const { filter, saw } = watching(redisFilter(client))
  scene.start(counting('filtered', writing, { firstFilter: filter }))
  const records = manyCounted(things, 40)
  await scene.send(records)
  await expectEffects(scene, all(40))
  await expect.poll(() => saw.remembered.size).toBe(200)
  const before = saw.known
  await scene.send(records)
  await expect.poll(() => saw.known - before).toBe(200)
  await expectEffects(scene, all(40))
})

it('remembers nothing before the database has committed it', async () => {
  const { filter, saw } = watching(redisFilter(client))
  const failed = new Set<string>()
  const failingFirst = counting(
    'filtered',
    async (handling) => {
      await writing(handling)
      const { id } = handling.event
      if (handling.event.data.n % 7 === 0 && !failed.has(id)) {
        failed.add(id)
        expect(saw.remembered.has(id)).toBe(false)
        throw Object.assign(new Error('deadlock'), { code: '53300' })
      }
      return undefined
    },
    { firstFilter: filter },
  )
  scene.start(failingFirst)
  await scene.send(manyCounted(things, 30))
  await expectEffects(scene, all(30))
  expect(failed.size).toBe(things.length * 4)
  await expect.poll(() => saw.remembered.size).toBe(150)
  expect(saw.early).toBe(0)
})

it('loses nothing where the process dies between the commit and the remembering, or before both', async () => {
  // As a process that was killed there leaves it: committed and not remembered, or neither.
  const forgetful: FirstFilter = { ...redisFilter(client), remember: () => new Promise(() => undefined) }
  const first = scene.start(counting('filtered', writing, { firstFilter: forgetful }))
  const records = manyCounted(things, 20)
  await scene.send(records)
  await expectEffects(scene, all(20))
  await first.stop()
  scene.start(counting('filtered', writing, { firstFilter: redisFilter(client) }))
  await scene.send([...records, ...manyCounted(['f'], 3)])
  await expectEffects(scene, { ...all(20), f: upTo(3) })
})

it.each(['killed', 'frozen', 'full'] as const)(
  'a Redis that is %s makes nothing wrong, and is used again after',
  async (how) => {
    const changes: (string | undefined)[] = []
    const filter = redisFilter(client, { timeout: '20ms', changed: (reason) => void changes.push(reason) })
    const { filter: watched, saw } = watching(filter)
    scene.start(counting('filtered', writing, { firstFilter: watched }))
    await scene.send(manyCounted(things, 10))
    await expectEffects(scene, all(10))
    if (how === 'killed') await redis.kill()
    if (how === 'frozen') redis.freeze()
    if (how === 'full') await client.sendCommand(['CONFIG', 'SET', 'maxmemory', '1'])
    const more = manyCounted(things, 10)
    await scene.send(more)
    await scene.send(more)
    const twice = Object.fromEntries(things.map((thing) => [thing, [...upTo(10), ...upTo(10)]]))
    await expectEffects(scene, twice)
    // The effects are seen before their ids are remembered, or are not.
    await expect.poll(() => typeof changes[0]).toBe('string')
    if (how === 'killed') await redis.start()
    if (how === 'frozen') redis.thaw()
    if (how === 'full') await client.sendCommand(['CONFIG', 'SET', 'maxmemory', '0'])
    const before = saw.known
    await expect
      .poll(
        async () => {
          await scene.send(more)
          return saw.known > before
        },
        { timeout: 20_000, interval: 200 },
      )
      .toBe(true)
    await expectEffects(scene, twice)
    await expect.poll(() => changes.at(-1)).toBeUndefined()
  },
)

it('the inbox of another database is not answered for by the same Redis', async () => {
  const records = manyCounted(things, 5)
  const filtered = () => counting('filtered', writing, { firstFilter: redisFilter(client) })
  scene.start(filtered())
  await scene.send(records)
  await expectEffects(scene, all(5))
  await expect.poll(async () => Number(await client.sendCommand(['DBSIZE']))).toBe(1)
  const other = await openScene()
  other.start(filtered())
  await other.send(records)
  await expectEffects(other, all(5))
  await expect.poll(async () => Number(await client.sendCommand(['DBSIZE']))).toBe(2)
  await other.close()
})

it('an inbox has an identity, which any role can tell, until it is restored from a dump', async () => {
  const { database } = scene.db
  const before = await inboxIdentity(database)
  expect(before).toMatch(/^[0-9a-f]{16}$/)
  expect(await inboxIdentity(database)).toBe(before)
  const role = `small_${process.pid}`
  await database.query(`create role ${role}`)
  await database.query(`grant usage on schema onewrite to ${role}`)
  const asRole = await database.transaction(async (tx) => {
    await tx.query(`set local role ${role}`)
    return inboxIdentity(tx)
  })
  expect(asRole).toBe(before)
  await database.query(`drop owned by ${role}`)
  await database.query(`drop role ${role}`)
  await database.query('alter table onewrite.inbox rename to inbox_before')
  await database.query('create table onewrite.inbox (like onewrite.inbox_before) partition by list (slot)')
  expect(await inboxIdentity(database)).not.toBe(before)
})

it('a consumer of another name has its own effects', async () => {
  const filter = redisFilter(client)
  scene.start(counting('one', writing, { firstFilter: filter }))
  scene.start(counting('two', writing, { firstFilter: filter }))
  const records = manyCounted(['a'], 3)
  await scene.send(records)
  await expect.poll(async () => (await scene.effects())['a']?.length).toBe(6)
})

it('forgets by itself: every key has an end', async () => {
  const filter = redisFilter(client, { remember: '2s' })
  await filter.remember('c', ['x', 'y'])
  expect(await filter.seen('c', ['x', 'z', 'y'])).toEqual(new Set(['x', 'y']))
  const keys = await client.sendCommand(['KEYS', '*'])
  for (const key of Array.isArray(keys) ? keys : []) {
    const left = Number(await client.sendCommand(['PTTL', String(key)]))
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(4_000)
  }
  expect(keys).toHaveLength(1)
})
