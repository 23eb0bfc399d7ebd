import { pause } from '../lifecycle/pause.ts'
import type { Member } from '../transport/subscriber.ts'
import { type HeldPartition, placeName } from './held-partition.ts'

/** Why a member did not take a partition: it ends the subscription. */
export class MemberError extends Error {
  override readonly name = 'MemberError'
}

/** Gives partitions to a member and takes them back. */
export interface Handover {
  /** @throws MemberError */
  give(partition: HeldPartition): Promise<void>
  /** Resolves once the member has let go, however long that takes; the same promise however often it is asked. */
  takeBack(partition: HeldPartition): Promise<void>
  /** The same, but the member loses it after so many milliseconds. */
  takeBackWithin(partition: HeldPartition, milliseconds: number): Promise<void>
  /** Resolves once no member works on a former assignment of this name. */
  isFree(name: string): Promise<void>
}

export const handover = (member: Member): Handover => {
  const given = new WeakMap<HeldPartition, Promise<void>>()
  const taken = new WeakMap<HeldPartition, Promise<void>>()
  const leaving = new Map<string, Promise<void>>()

  const takeBack = (partition: HeldPartition): Promise<void> => {
    const known = taken.get(partition)
    if (known !== undefined) return known
    partition.close()
    const name = placeName(partition.place)
    // What is still being given is taken back afterwards: a member hears of each partition in this order.
    const gone = Promise.all([leaving.get(name), given.get(partition)])
      .then(() => member.revoked(partition.assignment))
      .catch(() => undefined)
      .then(() => {
        if (leaving.get(name) === gone) leaving.delete(name)
      })
    taken.set(partition, gone)
    leaving.set(name, gone)
    return gone
  }

  return {
    give: async (partition) => {
      const arrival = member.assigned(partition.assignment)
      given.set(
        partition,
        arrival.catch(() => undefined),
      )
      await arrival.catch((error: unknown) => {
        // What it did not take is not its any more.
        if (partition.assignment.lost.aborted) return
        throw new MemberError('the member did not take a partition', { cause: error })
      })
    },
    takeBack,
    takeBackWithin: async (partition, milliseconds) => {
      const inTime = new AbortController()
      const late = pause(milliseconds, inTime.signal).then(() => {
        if (!inTime.signal.aborted) partition.lose()
      })
      await Promise.race([takeBack(partition).then(() => inTime.abort()), late])
    },
    isFree: async (name) => leaving.get(name),
  }
}
