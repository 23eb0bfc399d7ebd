import { OnewriteError } from '../../error/onewrite-error.ts'
import type { RawEvent } from '../../message/raw-event.ts'
import type { ColumnValue, Relation, RowInserted } from '../../postgres/replication.ts'

/** The columns of the log that an event is made of; a publication must hold them. */
export const eventColumns = [
  'position',
  'id',
  'aggregate_type',
  'aggregate_id',
  'sequence',
  'event_type',
  'event_version',
  'payload',
  'metadata',
  'occurred_at',
  'tx_id',
  'ordinal',
  'count',
] as const

type EventColumn = (typeof eventColumns)[number]

/** `2026-11-21 10:00:00.5+00`, as a session in UTC prints it, as RFC 3339. */
const toRfc3339 = (text: string): string => text.replace(' ', 'T').replace(/\+00$/, 'Z')

const placesOf = (relation: Relation): ReadonlyMap<EventColumn, number> => {
  const places = new Map<EventColumn, number>()
  for (const name of eventColumns) {
    const index = relation.columns.findIndex((column) => column.name === name)
    if (index < 0) {
      const cause = `${relation.schema}.${relation.table} has no column ${name}`
      throw new OnewriteError('UNREADABLE_WAL', { cause })
    }
    places.set(name, index)
  }
  return places
}

/** Turns rows of the log into events, the same text as a reader of the table gets. */
export const walEvents = (): ((row: RowInserted) => RawEvent) => {
  let known: Relation | undefined
  let places: ReadonlyMap<EventColumn, number> = new Map()
  return ({ relation, values }) => {
    if (relation !== known) {
      places = placesOf(relation)
      known = relation
    }
    const text = (name: EventColumn): string => {
      const value: ColumnValue | undefined = values[places.get(name) ?? -1]
      return typeof value === 'string' ? value : ''
    }
    return {
      position: text('position'),
      id: text('id'),
      aggregate: text('aggregate_type'),
      aggregateId: text('aggregate_id'),
      sequence: text('sequence'),
      type: text('event_type'),
      version: text('event_version'),
      payload: text('payload'),
      metadata: text('metadata'),
      occurredAt: toRfc3339(text('occurred_at')),
      transactionId: text('tx_id'),
      ordinal: Number(text('ordinal')),
      count: Number(text('count')),
    }
  }
}
