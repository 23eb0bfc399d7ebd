import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { armFailpoint } from '../../src/lifecycle/failpoint.ts'
import { readStream } from '../../src/log/read-stream.ts'
import { catalogue } from '../../src/message/catalogue.ts'
import { newId } from '../../src/message/new-id.ts'
import {
  counted,
  counting,
  expectEffects,
  manyCounted,
  Noted,
  openScene,
  type Scene,
  upTo,
  write,
  writing,
} from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene({ partitions: 3 })
})
afterEach(() => scene.close())

const things = ['a', 'b', 'c', 'd', 'e']
const all = Object.fromEntries(things.map((thing) => [thing, upTo(40)]))

test('every event, in the order of its key', async () => {
  await scene.send(manyCounted(things, 40))
  scene.start(counting('printer', writing))
  await expectEffects(scene, all)
})

test('an event that is published again under its id, at another offset', async () => {
  const records = manyCounted(things, 40)
  await scene.send([...records, ...records])
  await scene.send(records)
  scene.start(counting('printer', writing))
  await scene.send([counted('end', 1)])
  await expectEffects(scene, { ...all, end: [1] })
})

test('an event that was handled just before a crash, when it comes again', async () => {
  const disarm = armFailpoint('consumer.committed', 'throw')
  const running = scene.start(counting('printer', writing))
  await scene.send(manyCounted(things, 40))
  await expectEffects(scene, all)
  disarm()
  // The failpoint ended that life before anything of it was settled.
  await expect.poll(() => running.health().state, { timeout: 10_000 }).toBe('up')
  await scene.send([counted('end', 1)])
  await expectEffects(scene, { ...all, end: [1] })
})

test('at each consumer by itself: none swallows the event of another', async () => {
  await scene.db.database.query('create table prints (like effects including all)')
  scene.start(counting('printer', writing))
  scene.start(
    counting('copier', async ({ tx, event }) => {
      await tx.query('insert into prints (thing, n) values ($1, $2)', [event.data.thing, event.data.n])
      return undefined
    }),
  )
  await scene.send(manyCounted(things, 40))
  await expectEffects(scene, all)
  await vi.waitFor(async () => {
    const { rows } = await scene.db.database.query('select count(*)::int as n from prints')
    expect(rows).toEqual([{ n: 200 }])
  })
})

test('an event that its handler emits is recorded with the effect, once, and says where it comes from', async () => {
  const id = newId()
  const { database } = scene.db
  scene.start(
    counting('printer', async (handling) => {
      await write(handling)
      return { events: [Noted(handling.event.data)] }
    }),
  )
  await scene.send([counted('a', 1, id), counted('a', 1, id)])
  await scene.send([counted('b', 1)])
  await expectEffects(scene, { a: [1], b: [1] })
  const notes: unknown[] = []
  const stream = { aggregate: 'note', aggregateId: 'a' }
  for await (const note of readStream(database, catalogue([Noted]), stream)) notes.push(note)
  expect(notes).toMatchObject([
    { type: 'note.taken', data: { thing: 'a', n: 1 }, metadata: { causationId: id, correlationId: id } },
  ])
})

test('instances that share the work', async () => {
  const printer = counting('printer', writing)
  for (const _ of upTo(3)) scene.start(printer)
  await scene.send(manyCounted(things, 20))
  const last = scene.start(printer)
  await scene.send(manyCounted(things, 40).slice(100))
  await last.stop()
  await expectEffects(scene, all)
})
