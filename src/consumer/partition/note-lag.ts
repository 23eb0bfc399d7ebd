import type { Database } from '../../postgres/database.ts'
import { quoteIdentifier } from '../../postgres/identifier.ts'
import type { PartitionInHand } from './in-hand.ts'
import { eventsOf } from './lag.ts'
import type { Owned } from './ownership.ts'

const table = (schema: string): string => `${quoteIdentifier('schema', schema)}.consumer_partitions`

// Locked in the order of names before anything is changed: a former owner may be saving the same rows.
const noteSql = (schema: string): string => `
  with mine as (
    select held.name, new.log_end, new.oldest
    from ${table(schema)} held
    join unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) as new(name, token, log_end, oldest)
      on new.name = held.name and new.token = held.token
    where held.consumer = $1
    order by held.name for no key update of held
  )
  update ${table(schema)} held
  set log_end = coalesce(mine.log_end, held.log_end), heard_at = clock_timestamp(),
      oldest = to_timestamp(mine.oldest / 1000.0)
  from mine where held.consumer = $1 and held.name = mine.name`

interface Note {
  readonly end: bigint | undefined
  readonly oldest: number | undefined
  readonly at: number
}

/** A partition that stands still says at least so often, in milliseconds, that it is being read. */
const atLeastEvery = 10_000

/** So far ahead of the progress that the difference is the lag, also where offsets have gaps. */
const endOf = (partition: PartitionInHand): bigint | undefined => {
  const { assignment, prefix, begun } = partition
  if (assignment.behind === undefined) return assignment.end
  return (prefix.next ?? begun ?? 0n) + eventsOf(partition)
}

const noteOf = (partition: PartitionInHand, at: number): Note => ({
  end: endOf(partition),
  oldest: partition.prefix.oldest,
  at,
})

const isNews = (note: Note, before: Note | undefined): boolean =>
  before === undefined ||
  before.end !== note.end ||
  before.oldest !== note.oldest ||
  note.at - before.at >= atLeastEvery

export interface LagNotes {
  /** Writes down how far behind partitions are, where that has changed or was not said for long. Waits for nothing. */
  note(partitions: readonly PartitionInHand[]): void
}

/**
 * What operators see of a consumer that runs elsewhere: also of one that settles nothing, whose progress says nothing.
 */
export const lagNotes = (
  database: Database,
  consumer: number,
  failed: (error: unknown) => void,
): LagNotes => {
  const said = new Map<string, Note>()
  let busy = false
  const write = async (news: readonly { readonly owned: Owned; readonly note: Note }[]): Promise<void> => {
    await database.query(noteSql(database.schema), [
      consumer,
      news.map(({ owned }) => owned.name),
      news.map(({ owned }) => String(owned.token)),
      news.map(({ note }) => (note.end === undefined ? null : String(note.end))),
      news.map(({ note }) => note.oldest ?? null),
    ])
    for (const { owned, note } of news) said.set(owned.name, note)
  }
  return {
    note: (partitions) => {
      const now = Date.now()
      const news = partitions
        .map((partition) => ({ owned: partition.owned, note: noteOf(partition, now) }))
        .filter(({ owned, note }) => isNews(note, said.get(owned.name)))
      if (busy || news.length === 0) return
      busy = true
      write(news)
        .catch(failed)
        .finally(() => {
          busy = false
        })
    },
  }
}
