import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Handled } from '../../src/consumer/handler.ts'
import { deadLetter } from '../../src/consumer/outcome.ts'
import { discard, editDeadLetter, redrive } from '../../src/dead-letter/decide.ts'
import { countDeadLetters, listDeadLetters } from '../../src/dead-letter/list.ts'
import { armFailpoint } from '../../src/lifecycle/failpoint.ts'
import {
  type Counting,
  counted,
  counting,
  expectEffects,
  manyCounted,
  openScene,
  type Scene,
  upTo,
  writing,
} from './scene.ts'

let scene: Scene
let broken: boolean
beforeEach(async () => {
  scene = await openScene()
  broken = true
})
afterEach(() => scene.close())

const me = { actor: 'me' }
const patience = { timeout: 10_000 }

/** Events 3 and 6 of thing a cannot be handled while something is broken. */
const handle = async (handling: Counting): Promise<Handled> => {
  const { thing, n } = handling.event.data
  if (broken && thing === 'a' && n % 3 === 0) return deadLetter('broken')
  return writing(handling)
}

const count = () => countDeadLetters(scene.db.database, 'consumer/printer')
const parkedNumbers = async () => (await listDeadLetters(scene.db.database)).map(({ number }) => number)

const block = async (options = {}) => {
  scene.start(counting('printer', handle, options))
  await scene.send(manyCounted(['a', 'b'], 8))
  await expectEffects(scene, { a: [1, 2], b: upTo(8) })
  await expect.poll(count, patience).toMatchObject({ parked: 1, waiting: 5 })
}

test('a redriven event takes effect before everything that came after it', async () => {
  await block()
  broken = false
  await redrive(scene.db.database, {}, me)
  await scene.send([counted('a', 9)])
  await expectEffects(scene, { a: upTo(9), b: upTo(8) })
  await expect.poll(count, patience).toMatchObject({ quarantines: 0, parked: 0, waiting: 0 })
})

test('an event behind it that fails too is parked in its place, and the rest goes on waiting', async () => {
  await block()
  const [number] = await parkedNumbers()
  // Mends the third event alone.
  await editDeadLetter(scene.db.database, number ?? 0n, JSON.stringify({ thing: 'a', n: 30_001 }), me)
  await redrive(scene.db.database, {}, me)
  await expectEffects(scene, { a: [1, 2, 30_001, 4, 5], b: upTo(8) })
  await expect.poll(count, patience).toMatchObject({ parked: 1, waiting: 2 })
  broken = false
  await redrive(scene.db.database, {}, me)
  await expectEffects(scene, { a: [1, 2, 30_001, 4, 5, 6, 7, 8], b: upTo(8) })
})

test('redriving twice, from two places, has the effect of once', async () => {
  await block()
  broken = false
  for (const _ of upTo(3)) scene.start(counting('printer', handle))
  await Promise.all([redrive(scene.db.database, {}, me), redrive(scene.db.database, {}, me)])
  await redrive(scene.db.database, {}, me)
  await expectEffects(scene, { a: upTo(8), b: upTo(8) })
})

test('redriving what still fails parks it again, with one more attempt', async () => {
  await block()
  await redrive(scene.db.database, {}, me)
  await expect
    .poll(() => listDeadLetters(scene.db.database), patience)
    .toMatchObject([{ key: 'a', state: 'parked', attempts: 2 }])
  expect(await count()).toMatchObject({ parked: 1, waiting: 5 })
})

test('a crash after the redriven event committed does not run it again', async () => {
  await block()
  broken = false
  const disarm = armFailpoint('consumer.redriven', 'throw')
  await redrive(scene.db.database, {}, me)
  await expectEffects(scene, { a: upTo(8), b: upTo(8) })
  disarm()
})

test('a discarded one is never handled, and what waits behind it follows', async () => {
  await block()
  broken = false
  const [number] = await parkedNumbers()
  await discard(scene.db.database, number ?? 0n, { ...me, reason: 'a test order' })
  await expectEffects(scene, { a: [1, 2, 4, 5, 6, 7, 8], b: upTo(8) })
})

test('other consumers see nothing of a redrive', async () => {
  await scene.db.database.query('create table copies (n int)')
  scene.start(
    counting('copier', async ({ tx, event }) => {
      await tx.query('insert into copies values ($1)', [event.data.n])
      return undefined
    }),
  )
  await block()
  broken = false
  await redrive(scene.db.database, {}, me)
  await expectEffects(scene, { a: upTo(8), b: upTo(8) })
  const { rows } = await scene.db.database.query('select count(*)::int as n from copies')
  expect(rows).toEqual([{ n: 16 }])
})

test('with onFailure: skip nobody waits, and a redriven event comes late', async () => {
  scene.start(counting('printer', handle, { onFailure: 'skip' }))
  await scene.send(manyCounted(['a', 'b'], 8))
  await expectEffects(scene, { a: [1, 2, 4, 5, 7, 8], b: upTo(8) })
  broken = false
  await redrive(scene.db.database, {}, me)
  await expectEffects(scene, { a: [1, 2, 4, 5, 7, 8, 3, 6], b: upTo(8) })
})

test('with onFailure: stop nothing passes, nothing is lost, and health says why', async () => {
  const running = scene.start(counting('printer', handle, { onFailure: 'stop' }))
  await scene.send(manyCounted(['a'], 8))
  await expect.poll(() => running.health().state, patience).toBe('down')
  expect(running.health().reason).toContain('CONSUMER_STOPPED')
  expect(await scene.effects()).toEqual({ a: [1, 2] })
  await running.stop()
  broken = false
  scene.start(counting('printer', handle, { onFailure: 'stop' }))
  await expectEffects(scene, { a: upTo(8) })
})

test('a quarantine beyond its budget makes health say so', async () => {
  const running = scene.start(counting('printer', handle, { quarantine: { events: 2 } }))
  await scene.send(manyCounted(['a', 'b'], 8))
  await expect.poll(() => running.health().state, patience).toBe('degraded')
  expect(running.health().reason).toContain('5 waiting')
})
