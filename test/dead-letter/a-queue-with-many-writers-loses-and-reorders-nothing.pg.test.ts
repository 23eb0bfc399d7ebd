import { expect, it } from 'vitest'
import { seedOf } from '../fault/seed.ts'
import { sound } from './quarantine-history.ts'
import { playShared, sharedFaultsOf } from './shared-queue-history.ts'

const seed = seedOf()

it.each([0, 1, 2, 3, 4])('whatever fails, crashes and is decided: history %i', async (run) => {
  const outcome = await playShared(sound, { seed: seed + run, events: 25 })
  expect({ seed: seed + run, faults: sharedFaultsOf(outcome) }).toEqual({ seed: seed + run, faults: [] })
  expect(outcome.parked).toBeGreaterThan(0)
  expect(outcome.crashed).toBeGreaterThan(0)
})
