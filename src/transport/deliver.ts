import { pause } from '../lifecycle/pause.ts'
import { exponential } from '../retry/backoff.ts'
import type { Assignment, DeliveredRecord, Member } from './subscriber.ts'

const limits = { records: 500, bytes: 1024 * 1024 }

type Deliver = (records: readonly DeliveredRecord[]) => Promise<void>

/** Delivers until it succeeds: nothing of the partition may overtake the records that failed. */
const insist = async (
  deliver: Deliver,
  records: readonly DeliveredRecord[],
  stop: AbortSignal,
): Promise<boolean> => {
  const backoff = exponential('10ms', { max: '1s' })
  for (let attempt = 1; !stop.aborted; attempt++) {
    try {
      await deliver(records)
      return true
    } catch {
      await pause(backoff(attempt), stop)
    }
  }
  return false
}

const follow = async (assignment: Assignment, deliver: Deliver, stop: AbortSignal): Promise<void> => {
  const backoff = exponential('100ms', { max: '5s' })
  for (let failures = 0; !stop.aborted; ) {
    try {
      const records = await assignment.next(limits)
      failures = 0
      const last = records.at(-1)
      if (last === undefined) return
      if (await insist(deliver, records, stop)) assignment.settle(BigInt(last.offset) + 1n)
    } catch {
      failures += 1
      await pause(backoff(failures), stop)
    }
  }
}

/**
 * The simplest member: each partition's records one batch after the other, at least once. Progress moves after
 * `deliver` resolved; when it rejects, the same records are delivered again after a backoff.
 */
export const delivering = (deliver: Deliver): Member => {
  const followed = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>()
  return {
    assigned: async (assignment) => {
      const stop = new AbortController()
      assignment.begin()
      const either = AbortSignal.any([stop.signal, assignment.lost])
      followed.set(assignment.name, { stop, done: follow(assignment, deliver, either) })
    },
    revoked: async ({ name }) => {
      const reading = followed.get(name)
      followed.delete(name)
      reading?.stop.abort()
      await reading?.done
    },
  }
}
