/** An event as the log holds it: the truth that everything downstream is held against. */
export interface HistoryEvent {
  readonly id: string
  readonly key: string
  /** Within the stream of the key, from 1. */
  readonly sequence: number
  /** In the log; needed where a refill is judged. */
  readonly position?: bigint
}

/** A range of the log that was published once more, and said so, because a position was lost. */
export interface HistoryRefill {
  /** What its records carry in the header `onewrite-refill`. */
  readonly name: string
  /** First and last position. */
  readonly from: bigint
  readonly to: bigint
}

/** A record as a read_committed consumer saw it. */
export interface HistoryRecord {
  readonly id: string
  readonly key: string
  readonly partition: number
  /** Within (topic, partition). */
  readonly offset: bigint
  readonly topic: string
  /** Value of the header `onewrite-refill`, where it has one. */
  readonly refill?: string
}

export interface History {
  readonly events: readonly HistoryEvent[]
  readonly records: readonly HistoryRecord[]
  /** Ids whose transaction was rolled back for sure, as the writers saw it. */
  readonly rolledBack?: Iterable<string>
  /** Ids whose transaction was acknowledged as committed. */
  readonly acknowledged?: Iterable<string>
  /** Ranges that may have been delivered again. */
  readonly refills?: readonly HistoryRefill[]
}

export interface Verdict {
  /** Recorded, but not delivered. */
  readonly lost: readonly string[]
  /** Delivered, but not recorded, or rolled back. */
  readonly phantom: readonly string[]
  /** Delivered more than once, and not by a refill that names the event and marks the record, once per refill. */
  readonly duplicate: readonly string[]
  /**
   * Delivered for the first time after a later event of the same key, or by a refill after a later event of the same
   * key and refill, or on another partition than its predecessor.
   */
  readonly reordered: readonly string[]
  /** Acknowledged to the writer as committed, but not in the log. */
  readonly unrecorded: readonly string[]
}

const inOrder = (records: readonly HistoryRecord[]): readonly HistoryRecord[] =>
  [...records].sort((a, b) => (a.offset < b.offset ? -1 : a.offset > b.offset ? 1 : 0))

/** Whether a refill was entitled to deliver this record: it lies in the named range, and carries the name. */
const entitled = ({ events, refills = [] }: History): ((record: HistoryRecord) => boolean) => {
  const positions = new Map(events.map(({ id, position }) => [id, position]))
  const named = new Map(refills.map((refill) => [refill.name, refill]))
  return ({ id, refill }) => {
    const range = refill === undefined ? undefined : named.get(refill)
    const position = positions.get(id)
    return range !== undefined && position !== undefined && range.from <= position && position <= range.to
  }
}

const repeated = (history: History): string[] => {
  const isEntitled = entitled(history)
  const seen = new Set<string>()
  const refilled = new Set<string>()
  const found: string[] = []
  for (const record of inOrder(history.records)) {
    const { id, refill } = record
    const again = seen.size === seen.add(id).size
    const byRefill = refill !== undefined && refilled.size < refilled.add(`${refill} ${id}`).size
    if (again && !(byRefill && isEntitled(record))) found.push(id)
  }
  return found
}

/** Looks at the first of each event's records only, so that a duplicate is not also called a reordering. */
const outOfOrder = (history: History, records: readonly HistoryRecord[]): string[] => {
  const sequences = new Map(history.events.map(({ id, sequence }) => [id, sequence]))
  const last = new Map<string, { readonly sequence: number; readonly place: string }>()
  const seen = new Set<string>()
  const found: string[] = []
  for (const record of inOrder(records)) {
    const sequence = sequences.get(record.id)
    if (sequence === undefined || seen.has(record.id)) continue
    seen.add(record.id)
    const place = `${record.topic}/${record.partition}`
    const before = last.get(record.key)
    if (before !== undefined && (before.sequence > sequence || before.place !== place)) found.push(record.id)
    if (before === undefined || before.sequence < sequence) last.set(record.key, { sequence, place })
  }
  return found
}

/** The first deliveries, whoever made them, and those of each refill by themselves. */
const reordered = (history: History): string[] => {
  const { records, refills = [] } = history
  const parts = refills.map(({ name }) => records.filter(({ refill }) => refill === name))
  return [...new Set([records, ...parts].flatMap((part) => outOfOrder(history, part)))]
}

/** Holds what was delivered against what was recorded. All lists are empty when every promise was kept. */
export const judge = (history: History): Verdict => {
  const recorded = new Set(history.events.map(({ id }) => id))
  const delivered = new Set(history.records.map(({ id }) => id))
  const rolledBack = new Set(history.rolledBack ?? [])
  return {
    lost: history.events.filter(({ id }) => !delivered.has(id)).map(({ id }) => id),
    phantom: [...delivered].filter((id) => !recorded.has(id) || rolledBack.has(id)),
    duplicate: repeated(history),
    reordered: reordered(history),
    unrecorded: [...(history.acknowledged ?? [])].filter((id) => !recorded.has(id)),
  }
}
