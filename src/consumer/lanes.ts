import type { Entry, PartitionInHand } from './in-hand.ts'

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

interface Lane {
  readonly name: string
  entries: Entry[]
  busy: boolean
  alone: boolean
  timer: NodeJS.Timeout | undefined
}

/** A timer set for longer fires at once. */
const longestTimer = 2 ** 31 - 1

export interface LaneEvents {
  /** A lane has become ready by itself. */
  kick(): void
  /** An entry is dealt with or forgotten. */
  left(entry: Entry): void
}

export const openLanes = ({ kick, left: gone }: LaneEvents): Lanes => {
  const lanes = new Map<string, Lane>()
  const ready = new Set<Lane>()
  const readyAlone = new Set<Lane>()
  const listening = new Map<() => void, PartitionInHand>()
  let waiting = 0

  /** Puts a lane where it belongs after any change. */
  const place = (lane: Lane): void => {
    ready.delete(lane)
    readyAlone.delete(lane)
    if (lane.busy || lane.timer !== undefined) return
    if (lane.entries.length === 0) lanes.delete(lane.name)
    else (lane.alone ? readyAlone : ready).add(lane)
  }
  const wake = (lane: Lane): void => {
    if (lane.timer === undefined) return
    clearTimeout(lane.timer)
    lane.timer = undefined
    waiting -= 1
  }
  const rest = (lane: Lane, milliseconds: number): void => {
    wake(lane)
    waiting += 1
    const end = (): void => {
      wake(lane)
      place(lane)
      kick()
    }
    lane.timer = setTimeout(end, Math.min(milliseconds, longestTimer))
  }
  const keep = (lane: Lane, kept: (entry: Entry) => boolean): void => {
    const before = lane.entries
    lane.entries = before.filter(kept)
    for (const entry of before) if (!kept(entry)) gone(entry)
  }
  const isBusy = (partition: PartitionInHand): boolean =>
    [...lanes.values()].some(
      ({ busy, entries }) => busy && entries.some((entry) => entry.partition === partition),
    )
  const tell = (): void => {
    for (const [resolve, partition] of listening) {
      if (isBusy(partition)) continue
      listening.delete(resolve)
      resolve()
    }
  }
  const laneOf = (name: string): Lane => {
    const known = lanes.get(name)
    if (known !== undefined) return known
    const lane: Lane = { name, entries: [], busy: false, alone: false, timer: undefined }
    lanes.set(name, lane)
    return lane
  }
  const take = (lane: Lane, most: number): Unit => {
    lane.busy = true
    place(lane)
    return { lane: lane.name, entries: lane.entries.slice(0, most) }
  }

  return {
    add: (entry, settings) => {
      const lane = laneOf(entry.received.lane)
      lane.entries.push(entry)
      if (settings !== undefined && lane.entries.length === 1) {
        lane.alone = true
        rest(lane, settings.wait)
      }
      place(lane)
    },
    takeTogether: (most) => {
      const units: Unit[] = []
      let left = most
      for (const lane of ready) {
        if (left <= 0) break
        const unit = take(lane, left)
        left -= unit.entries.length
        units.push(unit)
      }
      return units
    },
    takeAlone: (any) => {
      const [lane] = any && readyAlone.size === 0 ? ready : readyAlone
      return lane === undefined ? undefined : take(lane, 1)
    },
    release: ({ lane: name, entries }, { dealt, wait = 0, alone = false }) => {
      const lane = lanes.get(name)
      if (lane === undefined) return
      lane.busy = false
      lane.alone = alone
      const done = new Set(entries.slice(0, dealt))
      keep(lane, (entry) => !done.has(entry) && entry.partition.open)
      if (wait > 0 && lane.entries.length > 0) rest(lane, wait)
      place(lane)
      tell()
    },
    quiet: (partition) =>
      new Promise((resolve) => {
        listening.set(resolve, partition)
        tell()
      }),
    sweep: () => {
      for (const lane of lanes.values()) {
        if (lane.busy) continue
        keep(lane, ({ partition }) => partition.open)
        if (lane.entries.length === 0) wake(lane)
        place(lane)
      }
    },
    get waiting() {
      return waiting
    },
  }
}
