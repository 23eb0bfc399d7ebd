import type { Assignment, DeliveredRecord, Member } from '../../src/transport/subscriber.ts'

/** A partition as a test holds it. */
export interface Reading {
  readonly assignment: Assignment
  readonly records: DeliveredRecord[]
  /** Whether it was revoked. */
  released: boolean
}

export interface ReadingMember extends Member {
  /** Every partition that was ever given to it, in order. */
  readonly readings: Reading[]
  /** Those it has now, by name. */
  now(): readonly string[]
  records(): readonly DeliveredRecord[]
}

export interface ReadingOptions {
  /** Whether what was read is settled. Default true. */
  readonly settles?: boolean
  /** Whether a partition is read at all. Default: all are. */
  readonly reads?: (name: string) => boolean
}

/** Reads every partition, one call after the other, and settles what it read. */
export const readingMember = ({ settles = true, reads = () => true }: ReadingOptions = {}): ReadingMember => {
  const readings: Reading[] = []
  const held = (): Reading[] =>
    readings.filter(({ released, assignment }) => !released && !assignment.lost.aborted)

  const read = async ({ assignment, records }: Reading): Promise<void> => {
    for (;;) {
      const next = await assignment.next({ records: 100, bytes: 1024 * 1024 })
      const last = next.at(-1)
      if (last === undefined) return
      records.push(...next)
      if (settles) assignment.settle(BigInt(last.offset) + 1n)
    }
  }
  return {
    readings,
    now: () => held().map(({ assignment }) => assignment.name),
    records: () => readings.flatMap(({ records }) => records),
    assigned: async (assignment) => {
      const reading: Reading = { assignment, records: [], released: false }
      readings.push(reading)
      assignment.begin()
      if (reads(assignment.name)) read(reading).catch(() => undefined)
    },
    revoked: async (assignment) => {
      const reading = readings.find((one) => one.assignment === assignment)
      if (reading !== undefined) reading.released = true
    },
  }
}
