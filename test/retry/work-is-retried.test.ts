import { describe, expect, it, vi } from 'vitest'
import { InvalidConfigError } from '../../src/error/classes.ts'
import { exponential } from '../../src/retry/backoff.ts'
import { type RetryClock, withRetry } from '../../src/retry/with-retry.ts'

const transient = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
const permanent = Object.assign(new Error('duplicate'), { code: '23505' })
const backoff = exponential('1s', { jitter: 'none' })

/** Time that passes only by waiting. */
const virtualClock = (): RetryClock & { readonly waits: number[] } => {
  const waits: number[] = []
  return {
    waits,
    now: () => waits.reduce((sum, wait) => sum + wait, 0),
    wait: async (milliseconds) => {
      waits.push(milliseconds)
    },
  }
}

const failing = (times: number, error: unknown = transient) => {
  let attempts = 0
  return vi.fn(async (attempt: number) => {
    if (++attempts <= times) throw error
    return `done at ${attempt}`
  })
}

describe('work that fails', () => {
  it('is tried again until it succeeds', async () => {
    const clock = virtualClock()
    const onRetry = vi.fn()
    await expect(withRetry(failing(3), { backoff, clock, onRetry })).resolves.toBe('done at 4')
    expect(clock.waits).toEqual([1_000, 2_000, 4_000])
    expect(onRetry.mock.calls.map(([failed]) => failed)).toEqual([
      { error: transient, attempt: 1, delay: 1_000 },
      { error: transient, attempt: 2, delay: 2_000 },
      { error: transient, attempt: 3, delay: 4_000 },
    ])
  })

  it.each([
    ['permanently', permanent],
    ['for an unknown reason', new Error('?')],
  ])('%s is not tried again, unless the caller says so', async (_, error) => {
    const clock = virtualClock()
    const work = failing(1, error)
    await expect(withRetry(work, { backoff, clock })).rejects.toBe(error)
    expect(work).toHaveBeenCalledTimes(1)
    await expect(withRetry(failing(1, error), { backoff, clock, retryIf: () => true })).resolves.toBe(
      'done at 2',
    )
  })

  it('ends with its last error once its attempts are used up', async () => {
    const work = failing(10)
    await expect(withRetry(work, { backoff, attempts: 3, clock: virtualClock() })).rejects.toBe(transient)
    expect(work).toHaveBeenCalledTimes(3)
  })

  it('ends once its time is used up, with a last attempt at the end of it', async () => {
    const clock = virtualClock()
    const work = failing(100)
    await expect(withRetry(work, { backoff, for: '10s', clock })).rejects.toBe(transient)
    expect(clock.waits).toEqual([1_000, 2_000, 4_000, 3_000])
    expect(work).toHaveBeenCalledTimes(5)
  })

  it.each([0, -1, Number.NaN])('is not given %s attempts', async (attempts) => {
    await expect(withRetry(failing(0), { attempts })).rejects.toThrow(InvalidConfigError)
  })
})

describe('an aborted signal', () => {
  const reason = new Error('stopping')

  it('keeps work from starting', async () => {
    const work = failing(0)
    await expect(withRetry(work, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(work).not.toHaveBeenCalled()
  })

  it('ends a wait at once, also one too long for a timer of Node, which would not wait at all', async () => {
    const warned = vi.spyOn(process, 'emitWarning')
    const controller = new AbortController()
    const retried = withRetry(failing(5), {
      backoff: () => 1_000_000_000_000,
      signal: controller.signal,
      onRetry: () => setImmediate(() => controller.abort(reason)),
    })
    await expect(retried).rejects.toBe(reason)
    expect(warned).not.toHaveBeenCalled()
    warned.mockRestore()
  })

  it('ends retries while work is running', async () => {
    const controller = new AbortController()
    const work = vi.fn(async () => {
      controller.abort(reason)
      throw transient
    })
    await expect(withRetry(work, { backoff: () => 0, signal: controller.signal })).rejects.toBe(reason)
    expect(work).toHaveBeenCalledTimes(1)
  })
})

it('waits by the clock of the machine unless told otherwise', async () => {
  await expect(withRetry(failing(2), { backoff: () => 1 })).resolves.toBe('done at 3')
})
