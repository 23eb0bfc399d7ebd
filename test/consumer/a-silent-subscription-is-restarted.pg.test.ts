import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Moment, stallWatch } from '../../src/consumer/stall.ts'
import type { Member, Subscribing } from '../../src/transport/subscriber.ts'
import { counting, openScene, type Scene, topic, writing } from './scene.ts'

const after = 60_000
const minutes = (n: number): number => n * 60_000

const moment = (change: Partial<Moment>): Moment => ({
  lag: 10n,
  progress: 0,
  excused: false,
  now: 0,
  ...change,
})

describe('a consumer has stalled', () => {
  test('when its lag grew for a minute and nothing was dealt with', () => {
    const watch = stallWatch(after)
    expect(watch.look(moment({}))).toBe(false)
    expect(watch.look(moment({ now: 30_000, lag: 20n }))).toBe(false)
    expect(watch.look(moment({ now: minutes(1), lag: 20n }))).toBe(true)
    expect(watch.look(moment({ now: minutes(1) + 1, lag: 21n }))).toBe(false)
  })

  test.each([
    ['its lag stays as it is', moment({ now: minutes(2) })],
    ['it is slow', moment({ now: minutes(2), lag: 20n, progress: 1 })],
    ['it waits for what it knows', moment({ now: minutes(2), lag: 20n, excused: true })],
    ['there is nothing to do', moment({ now: minutes(2), lag: 0n })],
  ])('not when %s', (_, later) => {
    const watch = stallWatch(after)
    watch.look(moment({}))
    expect(watch.look(later)).toBe(false)
  })
})

describe('a subscription that delivers nothing', () => {
  let scene: Scene
  beforeEach(async () => {
    scene = await openScene()
  })
  afterEach(() => scene.close())

  test('is ended and made again, and that is counted', async () => {
    let subscriptions = 0
    let end = 10n
    const silent: Subscribing = {
      subscribe: (_, member: Member) => {
        subscriptions += 1
        const lost = new AbortController()
        const never = new Promise<never[]>((resolve) =>
          lost.signal.addEventListener('abort', () => resolve([])),
        )
        const assignment = {
          ...{ name: `${topic}/0`, committed: 0n, lost: lost.signal, begin: () => undefined },
          // One record, so that it is known how far it came; then silence while others go on writing.
          next: () => never,
          settle: () => undefined,
          get end() {
            end += 1n
            return end
          },
        }
        void member.assigned(assignment)
        return {
          ended: new Promise<void>(() => undefined),
          stop: async () => {
            lost.abort()
            await member.revoked(assignment)
          },
        }
      },
    }
    const options = { subscribing: silent, stalledAfter: 1_500 }
    const running = scene.start(counting('printer', writing), options)
    await expect.poll(() => subscriptions, { timeout: 20_000 }).toBeGreaterThanOrEqual(2)
    await running.stop()
  })
})
