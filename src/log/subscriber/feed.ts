import type { Assignment, DeliveredRecord, FetchLimits } from '../../transport/subscriber.ts'
import type { Taken } from './leases.ts'

/** So much lies ready for a member; a page of the log may come on top. */
const ready = { records: 250, bytes: 512 * 1024 }

/** What the reader of the log knows. */
export interface LogView {
  /** Position of the last event that was read for those that keep up. */
  readonly at: bigint
  /** Whether that is all there is. */
  readonly caughtUp: boolean
  /** The last position drawn by any writer; undefined while that is not known. */
  readonly end: bigint | undefined
}

/** A partition in the hands of this instance: what was read for it, and how far its member is. */
export interface Feed extends Taken {
  readonly partition: number
  readonly assignment: Assignment
  /** Every event of it up to here lies ready or was handed out; undefined until its member has begun. */
  readonly fed: bigint | undefined
  /** Whether it takes more now. */
  readonly hasRoom: boolean
  /** Whether its member waits for it. */
  readonly starves: boolean
  /** Whether it is read from below what retention keeps for its group, or that was not looked at yet. */
  readonly unkept: boolean
  /** Up to where it is dealt with. */
  readonly progress: bigint
  /** The next event of it, and the record that it is to be delivered as, if it is. */
  put(position: bigint, record: DeliveredRecord | undefined): void
  /** Nothing of it lies between what it was fed and here. */
  passOver(position: bigint): void
  /** It cannot be read: tells whoever asks next, and tries again after that. */
  fail(error: unknown): void
  /** Hands out nothing any more. */
  close(): void
  lose(): void
}

export interface FeedOptions {
  readonly taken: Taken
  readonly partition: number
  readonly partitions: number
  /** Until when the lease surely holds, on this process's `performance.now()`. */
  readonly validUntil: () => number
  readonly view: () => LogView
  /** The reader has something to do. */
  readonly wake: () => void
  /** There is progress to save. */
  readonly settled: () => void
}

const sizeOf = ({ key, value }: DeliveredRecord): number => (key?.length ?? 0) + (value?.length ?? 0)

/** Takes from the front what the limits allow, but one at least. */
const shift = (buffer: DeliveredRecord[], { records, bytes }: FetchLimits): DeliveredRecord[] => {
  let size = 0
  let count = 0
  for (const record of buffer) {
    size += sizeOf(record)
    if (count > 0 && (count >= records || size > bytes)) break
    count += 1
  }
  return buffer.splice(0, count)
}

/** Records that lie ready. */
const shelf = () => {
  const buffer: DeliveredRecord[] = []
  let bytes = 0
  let last: bigint | undefined
  return {
    get isEmpty() {
      return buffer.length === 0
    },
    get count() {
      return buffer.length
    },
    get isFull() {
      return buffer.length >= ready.records || bytes >= ready.bytes
    },
    /** Position of the last one that was ever put in. */
    get last() {
      return last
    },
    put: (record: DeliveredRecord): void => {
      buffer.push(record)
      bytes += sizeOf(record)
      last = BigInt(record.offset)
    },
    take: (limits: FetchLimits): readonly DeliveredRecord[] => {
      const taken = shift(buffer, limits)
      for (const record of taken) bytes -= sizeOf(record)
      return taken
    },
    clear: (): void => {
      buffer.length = 0
      bytes = 0
    },
  }
}

interface State {
  readonly options: FeedOptions
  readonly lost: AbortController
  readonly records: ReturnType<typeof shelf>
  /** Wakes the member that waits. */
  waiting: (() => void) | undefined
  failure: { readonly error: unknown } | undefined
  closed: boolean
  begun: bigint
  fed: bigint | undefined
  /** Position of the last record that was handed out; 0 for none. */
  handedOut: bigint
  dealtWith: bigint
}

const close = (state: State): void => {
  // What was not handed out is for the next owner, so the end of what was read says nothing any more.
  if (!state.records.isEmpty) state.fed = undefined
  state.closed = true
  state.records.clear()
  state.waiting?.()
}

const lose = (state: State): void => {
  state.lost.abort()
  close(state)
}

/** A process that was stopped for longer than its lease finds out here, whatever its timers had time for. */
const isMine = (state: State): boolean => {
  const { lost, options } = state
  if (!lost.signal.aborted && performance.now() >= options.validUntil()) lose(state)
  return !lost.signal.aborted
}

const arrival = async (state: State): Promise<void> => {
  state.options.wake()
  await new Promise<void>((resolve) => {
    state.waiting = resolve
  })
  state.waiting = undefined
}

const next = async (state: State, limits: FetchLimits): Promise<readonly DeliveredRecord[]> => {
  const { records, options } = state
  const mayWait = (): boolean => records.isEmpty && !state.closed && state.failure === undefined
  while (mayWait() && isMine(state)) await arrival(state)
  if (!isMine(state) || state.closed) return []
  if (state.failure !== undefined && records.isEmpty) {
    const { error } = state.failure
    state.failure = undefined
    options.wake()
    throw error
  }
  const wasFull = records.isFull
  const found = records.take(limits)
  state.handedOut = BigInt(found.at(-1)?.offset ?? state.handedOut)
  if (wasFull && !records.isFull) options.wake()
  return found
}

const begin = (state: State, from: bigint | undefined): void => {
  state.begun = from === undefined ? state.options.taken.position : from - 1n
  state.fed = state.begun
  state.options.wake()
}

const settle = (state: State, to: bigint): void => {
  if (!isMine(state) || to - 1n <= state.dealtWith) return
  state.dealtWith = to - 1n
  state.options.settled()
}

const endOf = ({ options, fed, records, begun }: State): bigint | undefined => {
  const { at, caughtUp, end } = options.view()
  if (fed !== undefined && caughtUp && fed >= at) return (records.last ?? begun) + 1n
  return end === undefined ? undefined : end + 1n
}

/** Positions are shared with the other partitions: of what was not read yet, its part is taken to be this one's. */
const behind = ({ options, fed, records }: State): bigint | undefined => {
  const { at, caughtUp, end } = options.view()
  if (fed === undefined || end === undefined) return undefined
  const unread = caughtUp && fed >= at ? 0n : end - fed
  const parts = BigInt(options.partitions)
  return BigInt(records.count) + (unread > 0n ? (unread + parts - 1n) / parts : 0n)
}

/** What lies behind the last record of it was looked at, and is dealt with when that is. */
const progressOf = ({ records, handedOut, dealtWith, fed = dealtWith }: State): bigint =>
  records.isEmpty && handedOut <= dealtWith && fed > dealtWith ? fed : dealtWith

const assignmentOf = (state: State): Assignment => {
  const { taken, partition } = state.options
  return {
    // With their number: of another division it is another partition, whose progress says nothing of this one.
    name: `log/${partition}-of-${state.options.partitions}`,
    committed: taken.position === 0n ? undefined : taken.position + 1n,
    lost: state.lost.signal,
    get end() {
      return endOf(state)
    },
    get behind() {
      return behind(state)
    },
    begin: (from) => begin(state, from),
    next: (limits) => next(state, limits),
    settle: (to) => settle(state, to),
  }
}

export const openFeed = (options: FeedOptions): Feed => {
  const { taken, partition } = options
  const { position } = taken
  const state: State = {
    ...{ options, lost: new AbortController(), records: shelf() },
    ...{ waiting: undefined, failure: undefined, closed: false },
    ...{ begun: position, fed: undefined, handedOut: 0n, dealtWith: position },
  }
  return {
    ...taken,
    partition,
    assignment: assignmentOf(state),
    get fed() {
      return state.fed
    },
    get hasRoom() {
      return !state.closed && state.failure === undefined && !state.records.isFull
    },
    get starves() {
      return state.waiting !== undefined
    },
    get unkept() {
      return state.fed !== undefined && state.fed < position
    },
    get progress() {
      return progressOf(state)
    },
    put: (at, record) => {
      if (state.closed) return
      state.fed = at
      if (record !== undefined) state.records.put(record)
      state.waiting?.()
    },
    passOver: (to) => {
      if (state.fed !== undefined && state.fed < to && !state.closed) state.fed = to
    },
    fail: (error) => {
      state.failure = { error }
      state.waiting?.()
    },
    close: () => close(state),
    lose: () => lose(state),
  }
}
