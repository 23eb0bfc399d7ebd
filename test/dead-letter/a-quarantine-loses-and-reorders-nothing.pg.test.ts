import { expect, it } from 'vitest'
import { seedOf } from '../fault/seed.ts'
import { faultsOf, play, sound } from './quarantine-history.ts'

const first = seedOf()
const runs = Number(process.env['ONEWRITE_HISTORIES'] ?? 6)

it.each(['exactly-once', 'at-least-once'] as const)(
  'whatever is refused, redriven and interrupted, each key is read as it was recorded (%s)',
  async (delivery) => {
    let [parked, crashed] = [0, 0]
    for (let run = 0; run < runs; run += 1) {
      const options = { seed: first + run, steps: 40, delivery }
      const outcome = await play(sound, options)
      expect(faultsOf(outcome, options), `seed ${options.seed}`).toEqual([])
      parked += outcome.parked
      crashed += outcome.crashed
    }
    expect(parked).toBeGreaterThan(10)
    expect(crashed).toBeGreaterThan(3)
  },
  20_000 * runs,
)
