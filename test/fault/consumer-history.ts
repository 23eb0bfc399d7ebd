/** An event of a key; several copies of it may lie in the log of the transport. */
export interface Written {
  readonly id: string
  readonly key: string
  /** Within the key, from 1, without gaps. */
  readonly number: number
}

/** A row that a handler wrote. */
export interface Effect {
  readonly id: string
  readonly key: string
  readonly number: number
  /** Order in which the rows came to be. */
  readonly order: bigint
}

/** A record as it lies in a partition. */
export interface Placed {
  readonly partition: string
  readonly offset: bigint
  readonly id: string
}

/** What could be seen of a consumer at one moment. Progress was read before what is dealt with, which stays so. */
export interface Sighting {
  /** Partition -> one past what counts as settled. */
  readonly progress: ReadonlyMap<string, bigint>
  /** Ids that got an effect, or became dead letters, since the sighting before. */
  readonly dealtWith: readonly string[]
}

/** What could be seen while poisoned keys waited for a person and nothing else was left to do. */
export interface Standstill {
  readonly poisoned: ReadonlySet<string>
  readonly handled: ReadonlySet<string>
}

export interface ConsumerHistory {
  readonly written: readonly Written[]
  readonly effects: readonly Effect[]
  /** Ids of the events that cause one of their own. */
  readonly causing: readonly string[]
  /** For each event that a handler returned: the id of the event that caused it. */
  readonly caused: readonly string[]
  readonly placed: readonly Placed[]
  readonly sightings: readonly Sighting[]
  readonly standstill: Standstill
}

export interface ConsumerVerdict {
  /** Written, but without effect. */
  readonly lost: readonly string[]
  /** An effect of something that nobody wrote. */
  readonly phantom: readonly string[]
  /** More than one effect. */
  readonly duplicate: readonly string[]
  /** First effect after that of a later event of the key. */
  readonly reordered: readonly string[]
  /** Handled, but the event that its handler returned is not in the log. */
  readonly unchained: readonly string[]
  /** The event that a handler returned is in the log more than once, or its cause should have none. */
  readonly chainedAgain: readonly string[]
  /** Below what counted as settled while it was neither handled nor parked: `partition/offset`. */
  readonly passed: readonly string[]
  /** Keys without a poisoned event of which something was still to do while poisoned ones waited. */
  readonly heldUp: readonly string[]
}

const countById = (ids: readonly string[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}

const repeated = (ids: readonly string[]): string[] =>
  [...countById(ids)].filter(([, count]) => count > 1).map(([id]) => id)

const missing = (expected: readonly string[], found: readonly string[]): string[] => {
  const known = new Set(found)
  return expected.filter((id) => !known.has(id))
}

/** Looks at the first effect of each event only, so that a duplicate is not also called a reordering. */
const reordered = (effects: readonly Effect[]): string[] => {
  const last = new Map<string, number>()
  const seen = new Set<string>()
  const inOrder = [...effects].sort((a, b) => (a.order < b.order ? -1 : 1))
  return inOrder.flatMap(({ id, key, number }) => {
    if (seen.has(id)) return []
    seen.add(id)
    const before = last.get(key) ?? 0
    last.set(key, Math.max(before, number))
    return number < before ? [id] : []
  })
}

const passed = ({ placed, sightings }: ConsumerHistory): string[] => {
  const found = new Set<string>()
  const known = new Set<string>()
  let waiting = placed
  for (const { progress, dealtWith } of sightings) {
    for (const id of dealtWith) known.add(id)
    waiting = waiting.filter(({ id }) => !known.has(id))
    for (const { partition, offset } of waiting) {
      if (offset < (progress.get(partition) ?? 0n)) found.add(`${partition}/${offset}`)
    }
  }
  return [...found]
}

const heldUp = ({ written, standstill: { poisoned, handled } }: ConsumerHistory): string[] => {
  const waiting = written.filter(({ id, key }) => !poisoned.has(key) && !handled.has(id))
  return [...new Set(waiting.map(({ key }) => key))]
}

/** Holds what a consumer did against what was written. All lists are empty when every promise was kept. */
export const judgeConsumer = (history: ConsumerHistory): ConsumerVerdict => {
  const { written, effects, causing, caused } = history
  const ids = written.map(({ id }) => id)
  const handled = effects.map(({ id }) => id)
  return {
    lost: missing(ids, handled),
    phantom: missing(handled, ids),
    duplicate: repeated(handled),
    reordered: reordered(effects),
    unchained: missing(causing, caused),
    chainedAgain: [...repeated(caused), ...missing(caused, causing)],
    passed: passed(history),
    heldUp: heldUp(history),
  }
}

const mostNamed = 5

/** The same, short enough to be read: the first of each list, and how many there are. */
export const briefly = (verdict: ConsumerVerdict): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    Object.entries(verdict).map(([name, found]: [string, readonly string[]]) => [
      name,
      found.length <= mostNamed ? found : [...found.slice(0, mostNamed), `${found.length} in all`],
    ]),
  )

export const innocent: ConsumerVerdict = {
  lost: [],
  phantom: [],
  duplicate: [],
  reordered: [],
  unchained: [],
  chainedAgain: [],
  passed: [],
  heldUp: [],
}
