/** An event as the log holds it: the truth that everything downstream is held against. */
export interface HistoryEvent {
  readonly id: string
  readonly key: string
  /** Within the stream of the key, from 1. */
  readonly sequence: number
}

/** A record as a read_committed consumer saw it. */
export interface HistoryRecord {
  readonly id: string
  readonly key: string
  readonly partition: number
  /** Within (topic, partition). */
  readonly offset: bigint
  readonly topic: string
}

export interface History {
  readonly events: readonly HistoryEvent[]
  readonly records: readonly HistoryRecord[]
  /** Ids whose transaction was rolled back for sure, as the writers saw it. */
  readonly rolledBack?: Iterable<string>
  /** Ids whose transaction was acknowledged as committed. */
  readonly acknowledged?: Iterable<string>
}

export interface Verdict {
  /** Recorded, but not delivered. */
  readonly lost: readonly string[]
  /** Delivered, but not recorded, or rolled back. */
  readonly phantom: readonly string[]
  /** Delivered more than once. */
  readonly duplicate: readonly string[]
  /** Delivered after a later event of the same key, or on another partition than its predecessor. */
  readonly reordered: readonly string[]
  /** Acknowledged to the writer as committed, but not in the log. */
  readonly unrecorded: readonly string[]
}

const inOrder = (records: readonly HistoryRecord[]): readonly HistoryRecord[] =>
  [...records].sort((a, b) => (a.offset < b.offset ? -1 : a.offset > b.offset ? 1 : 0))

const repeated = (records: readonly HistoryRecord[]): string[] => {
  const seen = new Set<string>()
  return records.filter(({ id }) => seen.size === seen.add(id).size).map(({ id }) => id)
}

/** Looks at the first delivery of each event only, so that a duplicate is not also called a reordering. */
const outOfOrder = (history: History): string[] => {
  const sequences = new Map(history.events.map(({ id, sequence }) => [id, sequence]))
  const last = new Map<string, { readonly sequence: number; readonly place: string }>()
  const seen = new Set<string>()
  const found: string[] = []
  for (const record of inOrder(history.records)) {
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

/** Holds what was delivered against what was recorded. All lists are empty when every promise was kept. */
export const judge = (history: History): Verdict => {
  const recorded = new Set(history.events.map(({ id }) => id))
  const delivered = new Set(history.records.map(({ id }) => id))
  const rolledBack = new Set(history.rolledBack ?? [])
  return {
    lost: history.events.filter(({ id }) => !delivered.has(id)).map(({ id }) => id),
    phantom: [...delivered].filter((id) => !recorded.has(id) || rolledBack.has(id)),
    duplicate: repeated(history.records),
    reordered: outOfOrder(history),
    unrecorded: [...(history.acknowledged ?? [])].filter((id) => !recorded.has(id)),
  }
}
