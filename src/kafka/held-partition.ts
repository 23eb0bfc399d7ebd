import type { Assignment, DeliveredRecord, FetchLimits } from '../transport/subscriber.ts'
import type { ConsumedMessage, Place } from './client.ts'
import { recordBuffer } from './record-buffer.ts'

export const placeName = ({ topic, partition }: Place): string => `${topic}/${partition}`

/** What is there beyond the committed offset when a partition is taken. */
export interface PartitionStart {
  readonly place: Place
  /** What the group committed; undefined where it has committed nothing, or that expired. */
  readonly committed: number | undefined
  /** Where a group begins that has committed nothing. */
  readonly otherwise: number
}

/** A partition in the hands of this member, from both sides. */
export interface HeldPartition {
  readonly place: Place
  readonly assignment: Assignment
  /** The offset that is expected next; undefined before `begin`. */
  readonly position: number | undefined
  /** Whether a call of `next` finds nothing. */
  readonly hungry: boolean
  readonly records: number
  readonly bytes: number
  /** What may be committed, and was not yet. */
  readonly uncommitted: number | undefined
  /** A record that arrived. One that was delivered before is passed over. */
  add(message: ConsumedMessage): void
  /** Everything below the offset arrived; what lies between is no record. */
  reached(offset: number): void
  /** Where to go on after records that cannot be read any more. */
  moved(offset: number): void
  heard(end: number): void
  committed(offset: number): void
  /** What keeps it from being read, for the next caller. */
  failed(error: unknown): void
  /** No new records: it is wanted elsewhere. */
  close(): void
  lose(): void
}

interface Waiting {
  readonly limits: FetchLimits
  readonly resolve: (records: readonly DeliveredRecord[]) => void
  readonly reject: (reason: unknown) => void
}

/** `begun` and `asked` are called when the member begins, and when it waits for records. */
export const heldPartition = (
  { place, committed: before, otherwise }: PartitionStart,
  begun: (offset: number) => void,
  asked: () => void,
): HeldPartition => {
  const lost = new AbortController()
  const buffer = recordBuffer()
  let position: number | undefined
  let settled = 0
  let stored = before
  let end: number | undefined
  /** Where the partition ended when everything up to there had arrived. */
  let drained: number | undefined
  let waiting: Waiting | undefined
  let failure: { readonly error: unknown } | undefined
  let closed = false

  const answer = (): void => {
    const isReady = closed || failure !== undefined || buffer.records > 0
    if (waiting === undefined || !isReady) return
    const { limits, resolve, reject } = waiting
    waiting = undefined
    if (closed || failure === undefined || buffer.records > 0) resolve(closed ? [] : buffer.take(limits))
    else {
      reject(failure.error)
      failure = undefined
    }
  }
  const close = (): void => {
    closed = true
    buffer.clear()
    answer()
  }

  /** Markers of transactions take offsets too: once all records are settled, what follows them is. */
  const settledTo = (): number =>
    drained !== undefined && buffer.records === 0 && settled === position
      ? Math.max(settled, drained)
      : settled

  const assignment: Assignment = {
    name: placeName(place),
    committed: before === undefined ? undefined : BigInt(before),
    lost: lost.signal,
    get end() {
      if (end === undefined || position === undefined) return end === undefined ? undefined : BigInt(end)
      return BigInt(drained !== undefined && end <= drained ? position : end)
    },
    begin: (from) => {
      if (closed || position !== undefined) return
      position = from === undefined ? (before ?? otherwise) : Number(from)
      settled = position
      begun(position)
    },
    next: (limits) =>
      new Promise((resolve, reject) => {
        waiting = { limits, resolve, reject }
        answer()
        if (waiting !== undefined) asked()
      }),
    settle: (next) => {
      settled = Math.max(settled, Number(next))
    },
  }

  return {
    place,
    assignment,
    get position() {
      return position
    },
    get hungry() {
      return waiting !== undefined
    },
    get records() {
      return buffer.records
    },
    get bytes() {
      return buffer.bytes
    },
    get uncommitted() {
      if (position === undefined) return undefined
      const to = settledTo()
      return stored === undefined || to > stored ? to : undefined
    },
    add: (message) => {
      if (closed || position === undefined || message.offset < position) return
      position = message.offset + 1
      if (drained !== undefined && message.offset >= drained) drained = undefined
      buffer.add(message)
      answer()
    },
    reached: (offset) => {
      if (position !== undefined && offset >= position) drained = offset
    },
    moved: (offset) => {
      position = offset
      drained = undefined
    },
    heard: (offset) => {
      end = offset
    },
    committed: (offset) => {
      stored = offset
    },
    failed: (error) => {
      failure = { error }
      answer()
    },
    close,
    lose: () => {
      lost.abort()
      close()
    },
  }
}
