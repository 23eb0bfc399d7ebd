import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import { acquireLease, type Lease, releaseLease, renewLease } from '../../src/postgres/lease.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { freshDatabase } from '../support/database.ts'

let database: Database
let url: string
const hour = 3_600_000

beforeAll(async () => {
  const fresh = await freshDatabase()
  database = fresh.database
  url = fresh.url
})

const expire = (name: string) =>
  database.query("update onewrite.leases set expires_at = '-infinity' where name = $1", [name])

const taken = (lease: Lease | undefined): Lease => {
  if (lease === undefined) throw new Error('the lease was not given')
  return lease
}

it('goes to one of 40 contenders on connections of their own', async () => {
  const rivals = Array.from({ length: 40 }, () => pgDatabase({ url, max: 1 }))
  for (let round = 1; round <= 5; round += 1) {
    const answers = await Promise.all(
      rivals.map((rival, index) => acquireLease(rival, { name: 'race', owner: `rival ${index}`, ttl: hour })),
    )
    const winners = answers.filter((lease) => lease !== undefined)
    expect(winners).toHaveLength(1)
    expect(winners[0]?.token).toBe(BigInt(round))
    expect(await releaseLease(database, taken(winners[0]))).toBe(true)
  }
  await Promise.all(rivals.map((rival) => rival.close()))
})

it('goes to one of many contenders when it expires under them', async () => {
  const rivals = Array.from({ length: 20 }, () => pgDatabase({ url, max: 1 }))
  await acquireLease(database, { name: 'heir', owner: 'first', ttl: hour })
  await expire('heir')
  const answers = await Promise.all(
    rivals.map((rival, index) => acquireLease(rival, { name: 'heir', owner: `rival ${index}`, ttl: hour })),
  )
  expect(answers.filter((lease) => lease !== undefined).map(({ token }) => token)).toEqual([2n])
  await Promise.all(rivals.map((rival) => rival.close()))
})

it('cannot be renewed or released by an owner that lost it', async () => {
  const first = taken(await acquireLease(database, { name: 'stale', owner: 'a', ttl: hour }))
  await expire('stale')
  const second = taken(await acquireLease(database, { name: 'stale', owner: 'b', ttl: hour }))
  expect(second.token).toBe(first.token + 1n)
  expect(await renewLease(database, first, hour)).toBeUndefined()
  expect(await releaseLease(database, first)).toBe(false)
  expect(await renewLease(database, second, hour)).toMatchObject({ token: second.token })
})

it('does not recognise a former token of the same owner', async () => {
  const first = taken(await acquireLease(database, { name: 'return', owner: 'a', ttl: hour }))
  await releaseLease(database, first)
  const second = taken(await acquireLease(database, { name: 'return', owner: 'a', ttl: hour }))
  expect(second.token).toBe(2n)
  expect(await renewLease(database, first, hour)).toBeUndefined()
})

it('holds on this process no longer than in the database', async () => {
  const before = performance.now()
  const lease = taken(await acquireLease(database, { name: 'clock', owner: 'a', ttl: 1000 }))
  expect(lease.validUntil).toBeGreaterThanOrEqual(before + 1000)
  expect(lease.validUntil).toBeLessThanOrEqual(performance.now() + 1000)
})

it('refuses an empty name, an empty owner and a ttl of nothing, all at once', async () => {
  const request = acquireLease(database, { name: '', owner: '', ttl: 0 })
  await expect(request).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    message: expect.stringMatching(/name.*owner.*ttl/),
  })
})

type Step = { readonly do: 'acquire' | 'renew' | 'release' | 'expire'; readonly owner: string }

const steps = fc.array(
  fc.record<Step>({
    do: fc.constantFrom('acquire', 'renew', 'release', 'expire'),
    owner: fc.constantFrom('a', 'b', 'c'),
  }),
  { maxLength: 25 },
)

it('follows its model: one holder, a token that only grows', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const name = `model ${++run}`
      const held = new Map<string, Lease>()
      let model = { owner: '', token: 0n, expired: true }
      for (const step of plan) {
        const own = held.get(step.owner)
        if (step.do === 'expire') {
          await expire(name)
          model = { ...model, expired: true }
        } else if (step.do === 'acquire') {
          const lease = await acquireLease(database, { name, owner: step.owner, ttl: hour })
          const free = model.expired || model.owner === step.owner
          expect(lease !== undefined).toBe(free)
          if (lease === undefined) continue
          const token = model.owner === step.owner ? model.token : model.token + 1n
          model = { owner: step.owner, token, expired: false }
          expect(lease.token).toBe(token)
          held.set(step.owner, lease)
        } else if (own !== undefined) {
          const current = model.owner === own.owner && model.token === own.token
          if (step.do === 'renew') {
            expect((await renewLease(database, own, hour)) !== undefined).toBe(current)
            if (current) model = { ...model, expired: false }
          } else {
            expect(await releaseLease(database, own)).toBe(current)
            if (current) model = { ...model, owner: '', expired: true }
          }
        }
      }
    }),
    { numRuns: 40 },
  )
})
