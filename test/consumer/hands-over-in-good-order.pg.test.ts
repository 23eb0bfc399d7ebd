import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Handled } from '../../src/consumer/handler.ts'
import {
  type Counting,
  counting,
  expectEffects,
  manyCounted,
  openScene,
  type Scene,
  upTo,
  writing,
} from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene.close())

const things = ['a', 'b', 'c', 'd']
const all = Object.fromEntries(things.map((thing) => [thing, upTo(50)]))

const settled = async (): Promise<unknown> =>
  (await scene.db.database.query('select settled::int as settled from onewrite.consumer_partitions')).rows[0]

test('stop finishes what is in hand, settles it, and begins nothing more', async () => {
  let inside = 0
  let release: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const handle = async (handling: Counting): Promise<Handled> => {
    inside += 1
    await gate
    return writing(handling)
  }
  const running = scene.start(counting('printer', handle, { transaction: 'each', concurrency: 2 }))
  await scene.send(manyCounted(things, 50))
  await expect.poll(() => inside, { timeout: 10_000 }).toBe(2)
  const stopping = running.stop()
  release()
  await stopping
  expect(inside).toBe(2)
  expect(await scene.effects()).toEqual({ a: [1], b: [1] })
  expect(await settled()).toEqual({ settled: 2 })
  scene.start(counting('printer', writing))
  await expectEffects(scene, all)
})

test('what is settled never passes an event that waits for another attempt', async () => {
  let broken = true
  const handle = async (handling: Counting): Promise<Handled> => {
    const { thing, n } = handling.event.data
    if (broken && thing === 'b' && n === 2) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' })
    return writing(handling)
  }
  scene.start(counting('printer', handle, { retry: { for: '1h', backoff: () => 50 } }))
  await scene.send(manyCounted(things, 50))
  await expectEffects(scene, { ...all, b: [1] })
  // Offsets from 0: the second event of b is the sixth record.
  await expect.poll(settled, { timeout: 10_000 }).toEqual({ settled: 5 })
  broken = false
  await expectEffects(scene, all)
  await expect.poll(settled, { timeout: 10_000 }).toEqual({ settled: 200 })
})

test('a consumer holds only so much in memory, however large the backlog', async () => {
  let release: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  let pulled = 0
  const { subscribing } = scene.transport
  const counted: typeof subscribing = {
    subscribe: (options, member) =>
      subscribing.subscribe(options, {
        assigned: (assignment) =>
          member.assigned({
            ...assignment,
            next: async (limits) => {
              const records = await assignment.next(limits)
              pulled += records.length
              return records
            },
          }),
        revoked: (assignment) => member.revoked(assignment),
      }),
  }
  const handle = async (handling: Counting): Promise<Handled> => {
    await gate
    return writing(handling)
  }
  await scene.send(manyCounted(things, 1_000))
  scene.start(counting('printer', handle, { timeout: '60s' }), { subscribing: counted })
  await expect.poll(() => pulled, { timeout: 20_000 }).toBeGreaterThanOrEqual(2_000)
  expect(pulled).toBeLessThan(3_000)
  release()
  await expectEffects(scene, Object.fromEntries(things.map((thing) => [thing, upTo(1_000)])))
})
