import type { Entry, PartitionInHand } from '../partition/in-hand.ts'

/** Entries of one lane, in order, that are worked on together. */
export interface Unit {
  readonly lane: string
  readonly entries: readonly Entry[]
}

/** What became of a unit. */
export interface Release {
  /** How many of its entries, from the first, are dealt with. */
  readonly dealt: number
  /** Milliseconds until the lane may go on. */
  readonly wait?: number
  /** The lane's next entry is to be worked on apart from others. */
  readonly alone?: boolean
}

/** What waits to be worked on. One lane is strictly serial; lanes know nothing of each other. */
export interface Lanes {
  add(entry: Entry, settings?: { readonly wait: number }): void
  /** All that is ready and did not fail before, at most so many entries. Each lane is busy until it is released. */
  takeTogether(most: number): readonly Unit[]
  /** The first entry of a lane that failed before, or with `any` of whichever lane is ready. */
  takeAlone(any: boolean): Unit | undefined
  release(unit: Unit, release: Release): void
  /** Forgets what of partitions that are not open any more is not being worked on. */
  sweep(): void
  /** Resolves once nothing of a partition is being worked on. */
  quiet(partition: PartitionInHand): Promise<void>
  /** Lanes that wait for another attempt. */
  readonly waiting: number
}

export interface LaneEvents {
  /** A lane has become ready by itself. */
  kick(): void
  /** An entry is dealt with or forgotten. */
  left(entry: Entry): void
}

interface Lane {
  readonly name: string
  entries: Entry[]
  busy: boolean
  alone: boolean
  timer: NodeJS.Timeout | undefined
}

interface State extends LaneEvents {
  readonly lanes: Map<string, Lane>
  readonly ready: Set<Lane>
  readonly readyAlone: Set<Lane>
  /** Who waits for a partition to be quiet. */
  readonly listening: Map<() => void, PartitionInHand>
  waiting: number
}

/** A timer set for longer fires at once. */
const longestTimer = 2 ** 31 - 1

/** Puts a lane where it belongs after any change. */
const place = ({ lanes, ready, readyAlone }: State, lane: Lane): void => {
  ready.delete(lane)
  readyAlone.delete(lane)
  if (lane.busy || lane.timer !== undefined) return
  if (lane.entries.length === 0) lanes.delete(lane.name)
  else (lane.alone ? readyAlone : ready).add(lane)
}

const wake = (state: State, lane: Lane): void => {
  if (lane.timer === undefined) return
  clearTimeout(lane.timer)
  lane.timer = undefined
  state.waiting -= 1
}

const rest = (state: State, lane: Lane, milliseconds: number): void => {
  wake(state, lane)
  state.waiting += 1
  const end = (): void => {
    wake(state, lane)
    place(state, lane)
    state.kick()
  }
  lane.timer = setTimeout(end, Math.min(milliseconds, longestTimer))
}

const keep = (state: State, lane: Lane, kept: (entry: Entry) => boolean): void => {
  const before = lane.entries
  lane.entries = before.filter(kept)
  for (const entry of before) if (!kept(entry)) state.left(entry)
}

const isBusy = ({ lanes }: State, partition: PartitionInHand): boolean =>
  [...lanes.values()].some(
    ({ busy, entries }) => busy && entries.some((entry) => entry.partition === partition),
  )

const tell = (state: State): void => {
  for (const [resolve, partition] of state.listening) {
    if (isBusy(state, partition)) continue
    state.listening.delete(resolve)
    resolve()
  }
}

const laneOf = ({ lanes }: State, name: string): Lane => {
  const known = lanes.get(name)
  if (known !== undefined) return known
  const lane: Lane = { name, entries: [], busy: false, alone: false, timer: undefined }
  lanes.set(name, lane)
  return lane
}

const take = (state: State, lane: Lane, most: number): Unit => {
  lane.busy = true
  place(state, lane)
  return { lane: lane.name, entries: lane.entries.slice(0, most) }
}

const add = (state: State, entry: Entry, settings?: { readonly wait: number }): void => {
  const lane = laneOf(state, entry.received.lane)
  lane.entries.push(entry)
  if (settings !== undefined && lane.entries.length === 1) {
    lane.alone = true
    rest(state, lane, settings.wait)
  }
  place(state, lane)
}

/**
 * How much is taken of each lane: of many lanes a little before of one lane much, because lanes run at once and the
 * entries of one do not; what room is left goes to those that have more.
 */
const allot = (lanes: readonly Lane[], most: number): ReadonlyMap<Lane, number> => {
  const each = Math.max(1, Math.floor(most / Math.max(1, lanes.length)))
  const taken = new Map<Lane, number>()
  let left = most
  for (const share of [each, most]) {
    for (const lane of lanes) {
      if (left === 0) return taken
      const before = taken.get(lane) ?? 0
      const more = Math.min(left, Math.min(share, lane.entries.length) - before)
      if (more <= 0) continue
      taken.set(lane, before + more)
      left -= more
    }
  }
  return taken
}

const takeTogether = (state: State, most: number): readonly Unit[] =>
  [...allot([...state.ready], most)].map(([lane, count]) => take(state, lane, count))

const release = (state: State, unit: Unit, { dealt, wait = 0, alone = false }: Release): void => {
  const lane = state.lanes.get(unit.lane)
  if (lane === undefined) return
  lane.busy = false
  lane.alone = alone
  const done = new Set(unit.entries.slice(0, dealt))
  keep(state, lane, (entry) => !done.has(entry) && entry.partition.open)
  if (wait > 0 && lane.entries.length > 0) rest(state, lane, wait)
  place(state, lane)
  tell(state)
}

const sweep = (state: State): void => {
  for (const lane of state.lanes.values()) {
    if (lane.busy) continue
    keep(state, lane, ({ partition }) => partition.open)
    if (lane.entries.length === 0) wake(state, lane)
    place(state, lane)
  }
}

export const openLanes = (events: LaneEvents): Lanes => {
  const state: State = {
    ...events,
    lanes: new Map(),
    ready: new Set(),
    readyAlone: new Set(),
    listening: new Map(),
    waiting: 0,
  }
  return {
    add: (entry, settings) => add(state, entry, settings),
    takeTogether: (most) => takeTogether(state, most),
    takeAlone: (any) => {
      const [lane] = any && state.readyAlone.size === 0 ? state.ready : state.readyAlone
      return lane === undefined ? undefined : take(state, lane, 1)
    },
    release: (unit, outcome) => release(state, unit, outcome),
    sweep: () => sweep(state),
    quiet: (partition) =>
      new Promise((resolve) => {
        state.listening.set(resolve, partition)
        tell(state)
      }),
    get waiting() {
      return state.waiting
    },
  }
}
