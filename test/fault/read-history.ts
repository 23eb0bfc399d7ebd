import type { Database } from '../../src/postgres/database.ts'
import type { History, HistoryEvent, HistoryRefill } from '../../src/testing/history.ts'
import { readRecords } from './read-records.ts'

export interface HistoryPlaces {
  readonly database: Database
  readonly brokers: string
  readonly topic: string
  /** Name of the relay. */
  readonly relay: string
}

const eventsSql = `
  select id::text, aggregate_id as key, sequence::float8 as sequence, position::text from onewrite.events`

// The first position of a range is the last one that is known to have left.
const refillsSql = `
  select from_position::text as last, to_position::text as to from onewrite.refills where relay = $1`

type EventRow = Omit<HistoryEvent, 'position'> & { readonly position: string }

const toRefill = ({ last, to }: { readonly last: string; readonly to: string }): HistoryRefill => ({
  name: `${last}-${to}`,
  from: BigInt(last) + 1n,
  to: BigInt(to),
})

/** What was recorded, what was delivered, and which ranges were refilled. */
export const readHistory = async (
  places: HistoryPlaces,
): Promise<Required<Pick<History, 'events' | 'records' | 'refills'>>> => {
  const { database, brokers, topic, relay } = places
  const { rows: events } = await database.query<EventRow>(eventsSql)
  const { rows: refills } = await database.query<{ last: string; to: string }>(refillsSql, [relay])
  return {
    events: events.map((row) => ({ ...row, position: BigInt(row.position) })),
    records: await readRecords(brokers, topic),
    refills: refills.map(toRefill),
  }
}
