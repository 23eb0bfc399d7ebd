import { expect, it } from 'vitest'
import { quarantineHealth } from '../../src/dead-letter/health.ts'

const since = new Date('2026-11-21T10:00:00Z')
const counts = { quarantines: 2, topics: 0, parked: 2, waiting: 5, since }
const soon = since.getTime() + 1_000

it('is well and says what waits, within its budget', () => {
  const health = quarantineHealth(counts, {}, soon)
  expect(health).toMatchObject({ state: 'up', reason: expect.stringContaining('2 parked, 5 waiting') })
})

it('is degraded once too much waits, it waits too long, or a whole topic is refused', () => {
  expect(quarantineHealth({ ...counts, waiting: 100_001 }, {}, soon)?.state).toBe('degraded')
  expect(quarantineHealth(counts, { waiting: 4 }, soon)?.state).toBe('degraded')
  expect(quarantineHealth(counts, {}, since.getTime() + 86_400_001)?.state).toBe('degraded')
  expect(quarantineHealth(counts, { age: 500 }, soon)?.state).toBe('degraded')
  expect(quarantineHealth({ ...counts, topics: 1 }, {}, soon)?.state).toBe('degraded')
})

it('is nothing to speak of where nothing is quarantined', () => {
  const none = { quarantines: 0, topics: 0, parked: 0, waiting: 0, since: undefined }
  expect(quarantineHealth(none, {}, soon)).toBeUndefined()
})
