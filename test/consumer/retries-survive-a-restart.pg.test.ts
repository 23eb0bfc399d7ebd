import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Handled } from '../../src/consumer/handler.ts'
import { retry } from '../../src/consumer/outcome.ts'
import { listDeadLetters } from '../../src/dead-letter/list.ts'
import { type Counting, counted, counting, openScene, type Scene } from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene.close())

test('attempts are counted on, and the event is parked when they are used up', async () => {
  const attempts: number[] = []
  const handle = async ({ attempt }: Counting): Promise<Handled> => {
    attempts.push(attempt)
    return retry('1ms')
  }
  const patient = counting('printer', handle, { retry: { attempts: 6 } })
  await scene.send([counted('a', 1), counted('a', 2)])
  const first = scene.start(patient)
  await expect.poll(() => Math.max(0, ...attempts), { timeout: 10_000 }).toBeGreaterThanOrEqual(3)
  await first.stop()
  const before = Math.max(...attempts)
  scene.start(patient)
  await expect
    .poll(() => listDeadLetters(scene.db.database), { timeout: 10_000 })
    .toMatchObject([{ key: 'a', attempts: 6 }])
  expect(before).toBeGreaterThanOrEqual(3)
  expect(attempts.filter((attempt) => attempt === 1).length).toBeLessThanOrEqual(2)
  expect(Math.max(...attempts)).toBe(6)
})

test('the wait for the next attempt goes on', async () => {
  let calls = 0
  const handle = async (): Promise<Handled> => {
    calls += 1
    return retry('1h')
  }
  const first = scene.start(counting('printer', handle, { retry: { for: '2h' } }))
  await scene.send([counted('a', 1)])
  const failed = async () => (await scene.db.database.query('select from onewrite.consumer_retries')).rowCount
  await expect.poll(failed, { timeout: 10_000 }).toBe(1)
  await first.stop()
  const before = calls
  const second = scene.start(counting('printer', handle, { retry: { for: '2h' } }))
  await expect.poll(() => second.health().reason, { timeout: 10_000 }).toBe('1 key waits for another attempt')
  expect(calls).toBe(before)
})
