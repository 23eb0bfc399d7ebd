import { expect, it } from 'vitest'
import { redisFilter } from '../../src/redis/redis-filter.ts'

const faultOf = (...given: readonly unknown[]): string => {
  try {
    // What a caller without types may pass.
    Reflect.apply(redisFilter, undefined, given)
  } catch (error) {
    return String(error)
  }
  throw new Error('the options were accepted')
}

it('names every fault at once', () => {
  const fault = faultOf({ get: () => undefined }, { prefix: '', remember: 'long', timeout: 0 })
  expect(fault).toContain('the client is neither one of redis nor one of ioredis')
  expect(fault).toContain('prefix is not a text')
  expect(fault).toContain('remember "long" is not a duration from 1000 ms')
  expect(fault).toContain('timeout 0 is not a duration from 1 ms')
})

it('asks a client of either package in its own way', async () => {
  const sent: string[][] = []
  const answer = (command: string): unknown => (command === 'SMISMEMBER' ? [1, 0] : 1)
  const node = redisFilter({
    sendCommand: async (args) => {
      sent.push(args)
      return answer(args[0] ?? '')
    },
  })
  const io = redisFilter({
    call: async (command, ...args) => {
      sent.push([command, ...args])
      return answer(command)
    },
  })
  for (const filter of [node, io]) {
    sent.length = 0
    expect(await filter.seen('inventory', ['x', 'y'])).toEqual(new Set(['x']))
    await filter.remember('inventory', ['y'])
    expect(sent.map(([command]) => command)).toEqual(['SMISMEMBER', 'SMISMEMBER', 'SADD', 'PEXPIRE'])
    // One set per consumer in one slot of a cluster.
    for (const [, key] of sent) expect(key).toMatch(/^onewrite:\{inventory\}:\d+$/)
  }
})

it('a client that throws at once, answers nonsense or never answers is as one that is away', async () => {
  const reasons: (string | undefined)[] = []
  const changed = (reason: string | undefined) => void reasons.push(reason)
  const broken = redisFilter(
    {
      sendCommand: () => {
        throw new Error('closed')
      },
    },
    { changed },
  )
  expect(await broken.seen('c', ['x'])).toEqual(new Set())
  const nonsense = redisFilter({ sendCommand: async () => 'QUEUED' })
  expect(await nonsense.seen('c', ['x'])).toEqual(new Set())
  let asked = 0
  const silent = redisFilter(
    {
      sendCommand: () => {
        asked += 1
        return new Promise(() => undefined)
      },
    },
    { timeout: 1, changed },
  )
  for (let time = 0; time < 100; time += 1) expect(await silent.seen('c', ['x'])).toEqual(new Set())
  // Left alone after the first: nothing piles up in the client.
  expect(asked).toBe(2)
  expect(reasons).toEqual(['closed', 'no answer within 1 ms'])
})
