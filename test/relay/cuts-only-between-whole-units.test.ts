import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RawEvent } from '../../src/message/raw-event.ts'
import { type Cutter, cutter } from '../../src/relay/unit.ts'

const raw = (position: number, transactionId: string, ordinal: number, count: number): RawEvent => ({
  position: String(position),
  id: `event-${position}`,
  aggregate: 'order',
  aggregateId: 'order-1',
  sequence: '1',
  type: 'order.placed',
  version: '1',
  payload: 'x'.repeat(10),
  metadata: '{}',
  occurredAt: '2026-11-21T10:00:00Z',
  transactionId,
  ordinal,
  count,
})

/** A unit as it will be interleaved: its events, in order. */
interface Unit {
  readonly transactionId: string
  readonly first: number
  readonly size: number
}

/** Transactions of one to three appends; the appends of one transaction follow each other. */
const transactions = fc.array(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 8,
})

const unitsOf = (sizes: readonly number[], transactionId: string): readonly Unit[] => {
  let first = 0
  return sizes.map((size) => {
    const unit = { transactionId, first, size }
    first += size
    return unit
  })
}

/** Merges transactions by the choices given; positions have gaps, as rollbacks leave them. */
const interleave = (
  plan: readonly (readonly number[])[],
  choices: readonly number[],
): readonly RawEvent[] => {
  const queues = plan.map((sizes, index) =>
    unitsOf(sizes, String(index)).flatMap(({ transactionId, first, size }) =>
      Array.from({ length: size }, (_, place) => ({
        transactionId,
        ordinal: first + place,
        count: first + size,
      })),
    ),
  )
  const log: RawEvent[] = []
  let position = 0
  let turn = 0
  for (;;) {
    const open = queues.filter((queue) => queue.length > 0)
    const choice = choices[turn++ % choices.length] ?? 0
    const next = open[choice % Math.max(1, open.length)]?.shift()
    if (next === undefined) return log
    position += 1 + (choice % 3)
    log.push(raw(position, next.transactionId, next.ordinal, next.count))
  }
}

const logs = fc
  .record({ plan: transactions, choices: fc.array(fc.nat(11), { minLength: 1, maxLength: 60 }) })
  .map(({ plan, choices }) => interleave(plan, choices))

const pagesOf = (log: readonly RawEvent[], sizes: readonly number[]): readonly (readonly RawEvent[])[] => {
  const pages: RawEvent[][] = []
  let from = 0
  for (let n = 0; from < log.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1
    pages.push(log.slice(from, from + size))
    from += size
  }
  return pages
}

const pageSizes = fc
  .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 5 })
  .filter((sizes) => sizes.some((size) => size > 0))

/** Units with an event at or before the position and one behind it. */
const torn = (log: readonly RawEvent[], position: bigint): readonly string[] => {
  const keys = (events: readonly RawEvent[]) =>
    events.map(({ transactionId, count }) => `${transactionId} ${count}`)
  const behind = new Set(keys(log.filter((event) => BigInt(event.position) > position)))
  return keys(log.filter((event) => BigInt(event.position) <= position)).filter((key) => behind.has(key))
}

interface Run {
  readonly out: readonly RawEvent[]
  readonly faults: readonly string[]
  readonly lastWhole: boolean
  readonly mostHeld: number
  readonly parts: number
}

const run = (log: readonly RawEvent[], sizes: readonly number[], units: Cutter): Run => {
  const out: RawEvent[] = []
  const faults: string[] = []
  let [added, mostHeld, parts] = [0, 0, 0]
  let lastWhole = true
  let before = 0n
  for (const page of pagesOf(log, sizes)) {
    added += page.length
    const through = BigInt(log[added - 1]?.position ?? 0)
    const cut = units.add(page, through)
    out.push(...cut.events)
    mostHeld = Math.max(mostHeld, added - out.length)
    lastWhole = cut.whole
    if (!cut.whole) parts += 1
    if (cut.whole && torn(log, cut.through).length > 0)
      faults.push(`whole cut inside of ${torn(log, cut.through)}`)
    const next = log[out.length]
    if (next !== undefined && cut.through >= BigInt(next.position))
      faults.push(`${cut.through} is beyond what left`)
    if (cut.through < BigInt(out.at(-1)?.position ?? 0)) faults.push(`${cut.through} is before what left`)
    if (cut.through < before) faults.push(`${cut.through} went back`)
    before = cut.through
  }
  return { out, faults, lastWhole, mostHeld, parts }
}

const enough = Number.MAX_SAFE_INTEGER

describe('a cutter that may hold everything', () => {
  it('cuts only where no unit is open, in order, and gives everything out in the end', () => {
    fc.assert(
      fc.property(logs, pageSizes, (log, sizes) => {
        const { out, faults, lastWhole, parts } = run(log, sizes, cutter(enough))
        expect(faults).toEqual([])
        expect(out).toEqual(log)
        expect(lastWhole).toBe(true)
        expect(parts).toBe(0)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a cutter with little memory', () => {
  it('says which cuts are whole, keeps the order, and holds no more than its bytes or one page', () => {
    const bytes = fc.integer({ min: 0, max: 120 })
    fc.assert(
      fc.property(logs, pageSizes, bytes, (log, sizes, holdBytes) => {
        const { out, faults, lastWhole, mostHeld } = run(log, sizes, cutter(holdBytes))
        expect(faults).toEqual([])
        expect(out).toEqual(log)
        expect(lastWhole).toBe(true)
        // The rest of the page that was just cut waits for the next one.
        expect(mostHeld * 10).toBeLessThanOrEqual(Math.max(holdBytes, Math.max(...sizes) * 10))
      }),
      { numRuns: 2000 },
    )
  })

  it('lets a unit that is larger leave in parts, none of which is a place for a checkpoint', () => {
    const log = Array.from({ length: 100 }, (_, index) => raw(index + 1, '7', index, 100))
    const units = cutter(200)
    const cuts = pagesOf(log, [10]).map((page) => units.add(page, BigInt(page.at(-1)?.position ?? 0)))
    expect(cuts.map(({ events }) => events.length)).toEqual([0, 0, 30, 10, 10, 10, 10, 10, 10, 10])
    expect(cuts.map(({ whole }) => whole)).toEqual([true, true, ...Array<boolean>(7).fill(false), true])
    expect(cuts.map(({ through }) => through)).toEqual([0n, 0n, 30n, 40n, 50n, 60n, 70n, 80n, 90n, 100n])
  })
})

describe('the same logs convict a cutter that', () => {
  const convicted = (bad: () => Cutter): boolean =>
    fc.check(
      fc.property(logs, pageSizes, (log, sizes) => {
        const { out, faults } = run(log, sizes, bad())
        return faults.length === 0 && out.length === log.length
      }),
      { numRuns: 1000, seed: 7 },
    ).failed

  it('cuts at the end of every page', () => {
    expect(convicted(() => ({ add: (events, through) => ({ events, whole: true, through }) }))).toBe(true)
  })

  it('cuts where the last unit of a page is complete, whatever else is open', () => {
    const bad = (): Cutter => {
      let held: RawEvent[] = []
      return {
        add: (events, through) => {
          held.push(...events)
          const end = held.findLastIndex(({ ordinal, count }) => ordinal === count - 1) + 1
          const leaving = held.slice(0, end)
          held = held.slice(end)
          const next = held[0]
          return {
            events: leaving,
            whole: true,
            through: next === undefined ? through : BigInt(next.position) - 1n,
          }
        },
      }
    }
    expect(convicted(bad)).toBe(true)
  })
})
