import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Handled } from '../../src/consumer/handler.ts'
import { silentLogger } from '../../src/lifecycle/logger.ts'
import type { Assignment, DeliveredRecord, Member, Subscribing } from '../../src/transport/subscriber.ts'
import {
  type Counting,
  counted,
  counting,
  expectEffects,
  openScene,
  type Scene,
  topic,
  upTo,
  writing,
} from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene.close())

const records = upTo(5).map((n): DeliveredRecord => {
  const { key, value, headers } = counted('a', n, `01890a5d-ac96-774b-bcce-b302099a805${n}`)
  const list = Object.entries(headers).map(([name, text]) => [name, Buffer.from(String(text))] as const)
  const bytes = { key: Buffer.from(String(key)), value: Buffer.from(String(value)), headers: list }
  return { topic, partition: 0, offset: String(n), timestamp: undefined, ...bytes }
})

interface Hand {
  readonly subscribing: Subscribing
  readonly settled: bigint[]
  readonly lose: () => void
}

/** Hands one partition to whoever subscribes, as a transport does that has not noticed that the member is gone. */
const handOut = (): Hand => {
  const lost = new AbortController()
  const settled: bigint[] = []
  let given = false
  const assignment: Assignment = {
    name: `${topic}/0`,
    committed: undefined,
    lost: lost.signal,
    end: 6n,
    begin: () => undefined,
    next: async () => {
      if (!given) {
        given = true
        return records
      }
      return new Promise((resolve) => lost.signal.addEventListener('abort', () => resolve([])))
    },
    settle: (next) => void settled.push(next),
  }
  const subscribe = (_: unknown, member: Member) => {
    void member.assigned(assignment)
    let end: () => void = () => undefined
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const stop = async (): Promise<void> => {
      await member.revoked(assignment)
      lost.abort()
      end()
    }
    return { ended, stop }
  }
  return { subscribing: { subscribe }, settled, lose: () => lost.abort() }
}

test('its transaction is refused once another instance has the partition, and it settles nothing', async () => {
  let arrived: () => void = () => undefined
  const inside = new Promise<void>((resolve) => {
    arrived = resolve
  })
  let goOn: () => void = () => undefined
  const stopped = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const slow = async (handling: Counting): Promise<Handled> => {
    arrived()
    await stopped
    return writing(handling)
  }
  const zombie = handOut()
  const said: string[] = []
  const logger = { ...silentLogger, warn: (fields: object) => void said.push(JSON.stringify(fields)) }
  const former = scene.start(counting('printer', slow), { subscribing: zombie.subscribing, logger })
  await inside
  const owner = handOut()
  const taken = async () => {
    const sql = 'select token::int as token from onewrite.consumer_partitions'
    return (await scene.db.database.query(sql)).rows
  }
  scene.start(counting('printer', writing), { subscribing: owner.subscribing })
  await expect.poll(taken, { timeout: 10_000 }).toEqual([{ token: 2 }])
  // It comes back while its transport still thinks that the partition is its own.
  goOn()
  await expectEffects(scene, { a: upTo(5) })
  await expect.poll(() => owner.settled.at(-1), { timeout: 10_000 }).toBe(6n)
  await expect.poll(() => said.join(), { timeout: 10_000 }).toContain('FENCED')
  zombie.lose()
  await former.stop()
  // Below the first event there is nothing; that much it may have said before.
  expect(zombie.settled.filter((next) => next > 1n)).toEqual([])
  expect(await scene.effects()).toEqual({ a: upTo(5) })
})
