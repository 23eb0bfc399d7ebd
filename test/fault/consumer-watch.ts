import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '../../src/postgres/database.ts'
import type { ConsumerChild } from './consumer-child.ts'
import type { Placed, Sighting } from './consumer-history.ts'
import type { Report } from './reported.ts'

/** What happened at least so often: a campaign in which some of it did not happen proves nothing. */
export interface Tally {
  /** Partitions that were given to an instance. */
  assigned: number
  /** Records that were handed out again. */
  redelivered: number
  settled: number
}

export interface Watch {
  readonly tally: Tally
  readonly sightings: readonly Sighting[]
  /** Every record that was handed out. */
  readonly placed: () => readonly Placed[]
  /** Who was last given a partition. */
  readonly owners: ReadonlyMap<string, ConsumerChild>
  heard(child: () => ConsumerChild, report: Report): void
  stop(): Promise<void>
}

const progressSql = `
  select p.name, p.settled::text from onewrite.consumer_partitions p join onewrite.consumers c on c.id = p.consumer
  where c.name = $1 and p.settled is not null`

// What is older was seen before: no transaction lasts for so long.
const dealtWithSql = `
  select event_id as id from effects where handled_at > clock_timestamp() - interval '2 minutes'
  union select event_id from onewrite.dead_letters
  where reader = 'consumer/' || $1 and set_aside_at > clock_timestamp() - interval '2 minutes'`

/** Looks at a consumer from outside, again and again, and keeps account of what its instances tell. */
export const startWatch = (database: Database, consumer: string, every: number): Watch => {
  const tally: Tally = { assigned: 0, redelivered: 0, settled: 0 }
  const owners = new Map<string, ConsumerChild>()
  const placed = new Map<string, Placed>()
  const told = new Map<string, bigint>()
  const known = new Set<string>()
  const sightings: Sighting[] = []
  let stopped = false

  const raise = (marks: Map<string, bigint>, partition: string, to: bigint): void => {
    if (to > (marks.get(partition) ?? -1n)) marks.set(partition, to)
  }
  const look = async (): Promise<void> => {
    const progress = new Map(told)
    const { rows } = await database.query<{ name: string; settled: string }>(progressSql, [consumer])
    for (const { name, settled } of rows) raise(progress, name, BigInt(settled))
    const found = await database.query<{ id: string }>(dealtWithSql, [consumer])
    const dealtWith = found.rows.map(({ id }) => id).filter((id) => !known.has(id))
    for (const id of dealtWith) known.add(id)
    sightings.push({ progress, dealtWith })
  }
  const watch = async (): Promise<void> => {
    while (!stopped) {
      // The database may be away.
      await look().catch(() => undefined)
      await wait(every)
    }
  }
  const running = watch()
  return {
    tally,
    sightings,
    placed: () => [...placed.values()],
    owners,
    heard: (child, report) => {
      const { what, partition } = report
      if (what === 'assigned') {
        tally.assigned += 1
        owners.set(partition, child())
      }
      if (what === 'received') {
        for (const record of report.records) {
          const place = `${partition}/${record.offset}`
          if (placed.has(place)) tally.redelivered += 1
          placed.set(place, record)
        }
      }
      if (what === 'settled') {
        tally.settled += 1
        raise(told, partition, report.to)
      }
    },
    stop: async () => {
      stopped = true
      await running
      await look()
    },
  }
}
