import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Logger } from '../../src/lifecycle/logger.ts'
import { silentLogger } from '../../src/lifecycle/logger.ts'
import { type LoopOptions, loop, type Report } from '../../src/lifecycle/loop.ts'
import { pause } from '../../src/lifecycle/pause.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

const forever = 2 ** 40

/** A loop that counts its lives and lives until it is stopped. */
const counted = (options: Partial<LoopOptions> = {}) => {
  const lives = { begun: 0, ended: 0 }
  const run = async (signal: AbortSignal, report: Report): Promise<void> => {
    lives.begun += 1
    report('up')
    await pause(forever, signal)
    lives.ended += 1
  }
  return { lives, one: loop({ name: 'counted', run, ...options }) }
}

describe('start and stop', () => {
  it('begin one life and end it, however often they are called', async () => {
    const { one, lives } = counted()
    expect(one.health()).toEqual({ name: 'counted', state: 'stopped' })
    one.start()
    one.start()
    await one.settled
    expect(one.health()).toEqual({ name: 'counted', state: 'up' })
    await Promise.all([one.stop(), one.stop()])
    await one.stop()
    one.start()
    await one.ended
    expect(lives).toEqual({ begun: 1, ended: 1 })
    expect(one.health()).toEqual({ name: 'counted', state: 'stopped' })
  })

  it('the other way round begin nothing, and leave nobody waiting', async () => {
    const { one, lives } = counted()
    await one.stop()
    one.start()
    await one.settled
    await one.ended
    expect(lives).toEqual({ begun: 0, ended: 0 })
  })

  it('at the same moment leave nobody waiting', async () => {
    const { one, lives } = counted()
    one.start()
    await one.stop()
    await Promise.all([one.settled, one.ended])
    expect(lives.begun).toBe(lives.ended)
  })

  it('200 times at once are one life', async () => {
    const { one, lives } = counted()
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        if (index % 2 === 0) one.start()
        else if (index > 100) await one.stop()
      }),
    )
    await Promise.all([one.settled, one.ended])
    expect(lives).toEqual({ begun: 1, ended: 1 })
  })

  it('wait for what is in hand', async () => {
    let finish = () => {}
    const inHand = new Promise<void>((resolve) => {
      finish = resolve
    })
    const one = loop({
      name: 'busy',
      run: async (_signal, report) => {
        report('up')
        await inHand
      },
    })
    one.start()
    let stopped = false
    const stopping = one.stop().then(() => {
      stopped = true
    })
    await vi.advanceTimersByTimeAsync(19_000)
    expect(stopped).toBe(false)
    finish()
    await stopping
  })
})

describe('a loop that does not drain', () => {
  it('is given up with DRAIN_TIMEOUT, and ends when it can', async () => {
    let finish = () => {}
    const stuck = new Promise<void>((resolve) => {
      finish = resolve
    })
    const one = loop({ name: 'stuck', run: () => stuck })
    one.start()
    const refusal = expect(one.stop({ drain: 500 })).rejects.toMatchObject({
      code: 'DRAIN_TIMEOUT',
      parameters: { name: 'stuck', milliseconds: 500 },
    })
    await vi.advanceTimersByTimeAsync(500)
    await refusal
    finish()
    await one.ended
    await one.stop({ drain: 1 })
  })

  it('is waited for as long as it takes when that is what was asked for', async () => {
    let finish = () => {}
    const stuck = new Promise<void>((resolve) => {
      finish = resolve
    })
    const one = loop({ name: 'slow', run: () => stuck })
    one.start()
    const stopping = one.stop({ drain: Number.POSITIVE_INFINITY })
    await vi.advanceTimersByTimeAsync(3_600_000)
    finish()
    await stopping
  })
})

describe('a life that fails', () => {
  const failing = (outcomes: readonly ('fail' | 'live')[], logger: Logger = silentLogger) => {
    let life = 0
    const waits: number[] = []
    const one = loop({
      name: 'failing',
      logger,
      backoff: (attempt) => {
        waits.push(attempt)
        return attempt * 1000
      },
      run: async (signal, report) => {
        if (outcomes[life++] === 'fail') throw new Error(`failure ${life}`)
        report('up')
        await pause(life === outcomes.length ? forever : 10, signal)
        if (!signal.aborted) throw new Error(`failure ${life}`)
      },
    })
    return { one, waits, lives: () => life }
  }

  it('is followed by another after a growing wait, and is degraded until one is up', async () => {
    const warn = vi.fn()
    const { one, waits, lives } = failing(['fail', 'fail', 'live'], { ...silentLogger, warn })
    one.start()
    await one.settled
    expect(one.health()).toEqual({ name: 'failing', state: 'degraded', reason: 'failure 1' })
    await vi.advanceTimersByTimeAsync(1000)
    expect(one.health()).toEqual({ name: 'failing', state: 'degraded', reason: 'failure 2' })
    await vi.advanceTimersByTimeAsync(1999)
    expect(lives()).toBe(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(one.health()).toEqual({ name: 'failing', state: 'up' })
    expect(waits).toEqual([1, 2])
    expect(warn).toHaveBeenCalledTimes(2)
    await one.stop()
  })

  it('after one that was up starts the count anew', async () => {
    const { one, waits } = failing(['fail', 'fail', 'live', 'live'])
    one.start()
    await vi.advanceTimersByTimeAsync(3010)
    expect(waits).toEqual([1, 2, 1])
    await one.stop()
  })

  it('does not keep stop waiting for the backoff', async () => {
    const { one } = failing(['fail', 'live'])
    one.start()
    await one.settled
    await one.stop()
    expect(one.health()).toEqual({ name: 'failing', state: 'stopped' })
  })

  it('while it is being stopped is not a failure', async () => {
    const warn = vi.fn()
    const one = loop({
      name: 'ending',
      logger: { ...silentLogger, warn },
      run: async (signal, report) => {
        report('standby')
        await pause(forever, signal)
        throw new Error('the connection is gone')
      },
    })
    one.start()
    await one.settled
    expect(one.health().state).toBe('standby')
    await one.stop()
    expect(warn).not.toHaveBeenCalled()
  })

  it('even at once, or with something that is no error, does not end the process', async () => {
    const one = loop({
      name: 'rude',
      run: () => {
        throw 'no error object'
      },
    })
    one.start()
    await one.settled
    expect(one.health()).toEqual({ name: 'rude', state: 'degraded', reason: 'no error object' })
    await one.stop()
  })
})

describe('a life that just returns', () => {
  it('is followed by the next without keeping everything else from running', async () => {
    let lives = 0
    const one = loop({
      name: 'short',
      run: async () => {
        lives += 1
      },
    })
    one.start()
    await vi.advanceTimersByTimeAsync(1000)
    expect(lives).toBeGreaterThan(1)
    await one.stop()
  })
})
