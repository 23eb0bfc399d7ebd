import { expect, it } from 'vitest'
import type { Relay } from '../../src/relay/relay.ts'
import { refusingTransport, relayTo } from '../dead-letter/refusing-relay.ts'
import { dice, seedOf } from '../fault/seed.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'

const timeout = 40_000
const keys = ['a', 'b', 'c', 'd']

it.each(['exactly-once', 'at-least-once'] as const)(
  'several instances that come and go never reorder one aggregate (%s)',
  async (delivery) => {
    const { database } = await freshDatabase()
    const transport = refusingTransport()
    const roll = dice(seedOf())
    const start = (): Relay => {
      const started = relayTo(database, transport, { delivery, leaseTtl: 500, settleAfter: 5 })
      started.start()
      return started
    }
    const counts = new Map(keys.map((key) => [key, 0]))
    const write = async (): Promise<void> => {
      const events = Array.from({ length: roll.between(1, 8) }, () => {
        const key = roll.pick(keys)
        const n = (counts.get(key) ?? 0) + 1
        counts.set(key, n)
        return deposited(key, { n })
      })
      await appendAll(database, events)
    }
    let instances = [start(), start(), start()]
    for (let round = 0; round < 60; round += 1) {
      await write()
      if (!roll.chance(0.3)) continue
      const [oldest, ...others] = instances
      instances = [...others, start()]
      await oldest?.stop()
    }
    const expected = (key: string) => Array.from({ length: counts.get(key) ?? 0 }, (_, index) => index + 1)
    const firsts = (key: string) => [...new Set(transport.read(key))]
    await expect.poll(() => keys.map(firsts), { timeout }).toEqual(keys.map(expected))
    if (delivery === 'exactly-once') {
      expect(keys.map((key) => transport.read(key))).toEqual(keys.map(expected))
    }
    await Promise.all(instances.map((instance) => instance.stop()))
  },
  90_000,
)
