import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { pace } from '../../src/lifecycle/pace.ts'
import { pause } from '../../src/lifecycle/pause.ts'

let stopping: AbortController

beforeEach(() => {
  vi.useFakeTimers()
  stopping = new AbortController()
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** How long a wait took on the virtual clock. */
const waited = async (waiting: Promise<void>): Promise<number> => {
  const began = Date.now()
  let ended: number | undefined
  const done = waiting.then(() => {
    ended = Date.now()
  })
  await vi.advanceTimersByTimeAsync(0)
  while (ended === undefined) await vi.advanceTimersToNextTimerAsync()
  await done
  return ended - began
}

it('looks every shortest wait while something is found, and ever more rarely while nothing is', async () => {
  const looking = pace({ shortest: 5, longest: 100 })
  const waits: number[] = []
  for (const found of [true, true, false, false, false, false, false, false, true, false]) {
    waits.push(await waited(looking.wait(found, stopping.signal)))
  }
  expect(waits).toEqual([5, 5, 10, 20, 40, 80, 100, 100, 5, 10])
})

it('ends a wait at once when poked, and starts again from the shortest', async () => {
  const looking = pace({ shortest: 5, longest: 100 })
  for (let n = 0; n < 6; n += 1) await waited(looking.wait(false, stopping.signal))
  const waiting = looking.wait(false, stopping.signal)
  looking.poke()
  await waiting
  expect(await waited(looking.wait(true, stopping.signal))).toBe(5)
})

it('remembers a poke that came while nobody waited, once', async () => {
  const looking = pace({ shortest: 5, longest: 100 })
  looking.poke()
  looking.poke()
  await looking.wait(false, stopping.signal)
  expect(await waited(looking.wait(true, stopping.signal))).toBe(5)
})

it('a hundred pokes wake one wait', async () => {
  const looking = pace({ shortest: 50, longest: 50 })
  const waiting = looking.wait(false, stopping.signal)
  for (let n = 0; n < 100; n += 1) looking.poke()
  await waiting
  await looking.wait(false, stopping.signal)
  expect(await waited(looking.wait(false, stopping.signal))).toBe(50)
})

it('ends a wait when it is stopped, and waits no more', async () => {
  const looking = pace()
  const waiting = looking.wait(false, stopping.signal)
  stopping.abort()
  await waiting
  await looking.wait(false, stopping.signal)
})

it('leaves no listener behind', async () => {
  const remove = vi.spyOn(stopping.signal, 'removeEventListener')
  const add = vi.spyOn(stopping.signal, 'addEventListener')
  const looking = pace()
  for (let n = 0; n < 50; n += 1) await waited(looking.wait(false, stopping.signal))
  await waited(pause(10, stopping.signal))
  expect(remove).toHaveBeenCalledTimes(add.mock.calls.length)
})
