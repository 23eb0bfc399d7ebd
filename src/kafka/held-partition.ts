import type { Assignment, DeliveredRecord, FetchLimits } from '../transport/subscriber.ts'
import type { ConsumedMessage, Place } from './client.ts'
import { type RecordBuffer, recordBuffer } from './record-buffer.ts'

export const placeName = ({ topic, partition }: Place): string => `${topic}/${partition}`

/** Where the group stands in a partition that is taken. */
export interface PartitionStart {
  readonly place: Place
  /** What the group committed; undefined where it has committed nothing, or that expired. */
  readonly committed: number | undefined
  /** Where a group begins that has committed nothing. */
  readonly otherwise: number
  /** Id of the topic, where the brokers say it. */
  readonly origin?: string | undefined
  /** Whether `committed` is still to be committed. */
  readonly isNew?: boolean
}

/** A partition in the hands of this member, as the client's side sees it. */
export interface HeldPartition {
  readonly place: Place
  readonly assignment: Assignment
  /** The offset that is expected next; undefined before `begin`. */
  readonly position: number | undefined
  /** Where everything has arrived that there was; undefined while more is known to come. */
  readonly drained: number | undefined
  /** Whether a call of `next` waits for records. */
  readonly hungry: boolean
  readonly records: number
  readonly bytes: number
  /** What may be committed, and was not yet. */
  readonly uncommitted: number | undefined
  /** A record that arrived. One that was delivered before is passed over. */
  add(message: ConsumedMessage): void
  /** Everything below the offset arrived; between the last record and it there is none. */
  reached(offset: number): void
  /** What lies before the offset cannot be read any more. */
  skipTo(offset: number): void
  /** Where the partition ends. */
  heard(end: number): void
  committed(offset: number): void
  /** No new records: it is wanted elsewhere. */
  close(): void
  /** It may be somebody else's. */
  lose(): void
}

interface Waiting {
  readonly limits: FetchLimits
  readonly resolve: (records: readonly DeliveredRecord[]) => void
}

interface State {
  readonly start: PartitionStart
  readonly lost: AbortController
  readonly buffer: RecordBuffer
  position: number | undefined
  settled: number
  stored: number | undefined
  end: number | undefined
  drained: number | undefined
  waiting: Waiting | undefined
  closed: boolean
}

/** What a partition tells the client's side. */
export interface PartitionCalls {
  /** The member begins at an offset. */
  begun(offset: number): void
  /** The member waits for records. */
  asked(): void
}

const answer = (state: State): void => {
  const { waiting, buffer, closed } = state
  if (waiting === undefined || !(closed || buffer.records > 0)) return
  state.waiting = undefined
  waiting.resolve(closed ? [] : buffer.take(waiting.limits))
}

/** Whether the member has dealt with everything that arrived. */
const isIdle = ({ buffer, settled, position }: State): boolean => buffer.records === 0 && settled === position

/** Markers of transactions take offsets too: once all records are settled, so is what follows them. */
const uncommitted = (state: State): number | undefined => {
  const { position, settled, drained, stored } = state
  if (position === undefined) return undefined
  const to = drained !== undefined && isIdle(state) ? Math.max(settled, drained) : settled
  return stored === undefined || to > stored ? to : undefined
}

const begin = (state: State, from: bigint | undefined): number | undefined => {
  if (state.closed || state.position !== undefined) return undefined
  const { committed, otherwise } = state.start
  const offset = from === undefined ? (committed ?? otherwise) : Number(from)
  state.position = offset
  state.settled = offset
  return offset
}

const assignmentOf = (state: State, { begun, asked }: PartitionCalls): Assignment => ({
  name: placeName(state.start.place),
  committed: state.start.committed === undefined ? undefined : BigInt(state.start.committed),
  origin: state.start.origin,
  lost: state.lost.signal,
  get end() {
    const { end, drained, position } = state
    if (end === undefined) return undefined
    // Behind the last record there are only markers.
    return BigInt(drained !== undefined && end <= drained ? (position ?? end) : end)
  },
  begin: (from) => {
    const offset = begin(state, from)
    if (offset !== undefined) begun(offset)
  },
  next: (limits) =>
    new Promise((resolve) => {
      state.waiting = { limits, resolve }
      answer(state)
      if (state.waiting !== undefined) asked()
    }),
  settle: (next) => {
    state.settled = Math.max(state.settled, Number(next))
  },
})

const arrivals = (state: State): Pick<HeldPartition, 'add' | 'reached' | 'skipTo'> => ({
  add: (message) => {
    // Dropped, so it has not arrived: what the client said of the end before does not hold.
    if (state.closed) state.drained = undefined
    if (state.closed || state.position === undefined || message.offset < state.position) return
    state.position = message.offset + 1
    if (state.drained !== undefined && message.offset >= state.drained) state.drained = undefined
    state.buffer.add(message)
    answer(state)
  },
  reached: (offset) => {
    // The client says so before it hands over the records of the same poll, and those are dropped once closed.
    if (!state.closed && state.position !== undefined && offset >= state.position) state.drained = offset
  },
  skipTo: (offset) => {
    if (isIdle(state)) state.settled = offset
    state.position = offset
    state.drained = undefined
  },
})

const endings = (state: State): Pick<HeldPartition, 'close' | 'lose'> => {
  const close = (): void => {
    state.closed = true
    state.buffer.clear()
    answer(state)
  }
  return {
    close,
    lose: () => {
      state.lost.abort()
      close()
    },
  }
}

export const heldPartition = (start: PartitionStart, calls: PartitionCalls): HeldPartition => {
  const buffer = recordBuffer()
  const state: State = {
    start,
    lost: new AbortController(),
    buffer,
    position: undefined,
    settled: 0,
    stored: start.isNew === true ? undefined : start.committed,
    end: undefined,
    drained: undefined,
    waiting: undefined,
    closed: false,
  }
  return {
    place: start.place,
    assignment: assignmentOf(state, calls),
    get position() {
      return state.position
    },
    get drained() {
      return state.drained
    },
    get hungry() {
      return state.waiting !== undefined
    },
    get records() {
      return buffer.records
    },
    get bytes() {
      return buffer.bytes
    },
    get uncommitted() {
      return uncommitted(state)
    },
    ...arrivals(state),
    heard: (end) => {
      state.end = end
    },
    committed: (offset) => {
      state.stored = offset
    },
    ...endings(state),
  }
}
