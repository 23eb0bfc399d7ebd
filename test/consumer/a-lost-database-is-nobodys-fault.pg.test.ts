import { afterEach, beforeEach, expect, test } from 'vitest'
import { countDeadLetters } from '../../src/dead-letter/list.ts'
import type { Loop } from '../../src/lifecycle/loop.ts'
import type { Database } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts'
import { counting, expectEffects, manyCounted, openScene, type Scene, upTo, writing } from './scene.ts'

let scene: Scene
let proxy: TcpProxy
let database: Database
let running: Loop

const things = ['a', 'b', 'c']
const until = (n: number) => Object.fromEntries(things.map((thing) => [thing, upTo(n)]))

beforeEach(async () => {
  scene = await openScene()
  const { hostname, port } = new URL(scene.db.url)
  proxy = await tcpProxy({ host: hostname, port: Number(port) })
  database = pgDatabase({ url: proxy.through(scene.db.url) })
  // A single attempt: one that counted would park the event.
  running = scene.start(counting('printer', writing, { retry: { attempts: 1 } }), { database })
  await scene.send(manyCounted(things, 10))
  await expectEffects(scene, until(10))
})
afterEach(async () => {
  await scene.close()
  await database.close()
  await proxy.close()
})

const sendMore = () => scene.send(manyCounted(things, 40).slice(30))

const expectAllWell = async (): Promise<void> => {
  await expectEffects(scene, until(40))
  expect(await countDeadLetters(scene.db.database, 'consumer/printer')).toMatchObject({ quarantines: 0 })
  await expect.poll(() => running.health().state, { timeout: 20_000 }).toBe('up')
}

test('a database that is away for a while costs no attempt and parks nothing', async () => {
  proxy.refuse()
  proxy.cutAll()
  await sendMore()
  await expect.poll(() => running.health().state, { timeout: 20_000 }).toBe('degraded')
  expect(await scene.effects()).toEqual(until(10))
  proxy.heal()
  await expectAllWell()
})

test('a COMMIT whose reply was lost is not done twice', async () => {
  proxy.swallowReplyTo('COMMIT')
  await sendMore()
  await expectAllWell()
})

test('a connection that is cut in the middle of a handler leaves nothing half done', async () => {
  proxy.cutBefore('insert into effects')
  await sendMore()
  await expectAllWell()
})

test('a consumer with nothing to do is well again as soon as its database is', async () => {
  proxy.refuse()
  proxy.cutAll()
  await expect.poll(() => running.health().state, { timeout: 20_000 }).toBe('degraded')
  proxy.heal()
  await expect.poll(() => running.health().state, { timeout: 20_000 }).toBe('up')
})
