import { expect, it } from 'vitest'
import { seedOf } from '../fault/seed.ts'
import { faultsOf, play, sound } from './quarantine-history.ts'

const first = seedOf()
/** More by hand: ONEWRITE_HISTORIES=60. */
const runs = Number(process.env['ONEWRITE_HISTORIES'] ?? 4)

it.each([
  ['exactly-once', 'table'],
  ['at-least-once', 'table'],
  ['exactly-once', 'wal'],
  ['at-least-once', 'wal'],
] as const)(
  'whatever is refused, redriven and interrupted, each key is read as it was recorded (%s, %s)',
  async (delivery, source) => {
    let [parked, crashed] = [0, 0]
    // A history in which nothing was refused in time proves nothing: it goes on until enough were.
    const isEnough = () => parked > runs && crashed > 0
    for (let run = 0; run < runs || (!isEnough() && run < 8 * runs); run += 1) {
      const options = { seed: first + run, steps: 40, delivery, source }
      const outcome = await play(sound, options)
      expect(faultsOf(outcome, options), `seed ${options.seed}`).toEqual([])
      parked += outcome.parked
      crashed += outcome.crashed
    }
    expect(parked).toBeGreaterThan(runs)
    expect(crashed).toBeGreaterThan(0)
  },
  60_000 * runs,
)
