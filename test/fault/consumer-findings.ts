import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '../../src/postgres/database.ts'
import type { Effect, Placed, Standstill } from './consumer-history.ts'
import { mendAll, redrivePoisoned } from './operator.ts'
import { readRecords } from './read-records.ts'
import { poisonedWalks, type StepWriter } from './step-writer.ts'

const effectsSql = 'select event_id as id, walk as key, number, "order"::text from effects'

const causedSql = `select payload ->> 'cause' as cause from onewrite.events where event_type = 'step.seen'`

const movedSql = `
  select (select count(*) from effects)::text || '/' ||
    (select coalesce(max(number), 0) from onewrite.dead_letters)::text as moved`

export const readEffects = async (database: Database): Promise<readonly Effect[]> => {
  const { rows } = await database.query<Omit<Effect, 'order'> & { readonly order: string }>(effectsSql)
  return rows.map((row) => ({ ...row, order: BigInt(row.order) }))
}

/** For each event that a handler returned: what caused it. */
export const readCaused = async (database: Database): Promise<readonly string[]> =>
  (await database.query<{ cause: string }>(causedSql)).rows.map(({ cause }) => cause)

/** Everything in a topic, by what its partitions are called. */
export const readPlaced = async (brokers: string, topic: string): Promise<readonly Placed[]> => {
  const records = await readRecords(brokers, topic)
  return records.map(({ partition, offset, id }) => ({ partition: `${topic}/${partition}`, offset, id }))
}

/** Resolves once it is done, or nothing has moved for so many milliseconds. */
export const settledDown = async (
  database: Database,
  patience: number,
  done: () => Promise<boolean>,
): Promise<void> => {
  let [last, since] = ['', performance.now()]
  while (!(await done())) {
    const [row] = (await database.query<{ moved: string }>(movedSql)).rows
    if (row?.moved !== last) [last, since] = [row?.moved ?? '', performance.now()]
    if (performance.now() - since > patience) return
    await wait(200)
  }
}

const handledIds = async (database: Database): Promise<ReadonlySet<string>> =>
  new Set((await readEffects(database)).map(({ id }) => id))

export interface Ending {
  readonly database: Database
  readonly writer: StepWriter
  readonly reader: string
  /** Milliseconds without any movement after which nothing more is waited for. */
  readonly patience: number
}

/** Waits until all but the keys with poisoned events are done with, while those still wait for a person. */
export const awaitStandstill = async ({ database, writer, patience }: Ending): Promise<Standstill> => {
  const others = writer.written.filter(({ key }) => !poisonedWalks.has(key))
  await settledDown(database, patience, async () => {
    const handled = await handledIds(database)
    return others.every(({ id }) => handled.has(id))
  })
  return { poisoned: poisonedWalks, handled: await handledIds(database) }
}

/** Everything is mended; waits until nothing is left. */
export const awaitEnd = async ({ database, writer, reader, patience }: Ending): Promise<void> => {
  await mendAll(database)
  await settledDown(database, patience, async () => {
    await redrivePoisoned(database, reader, writer.poisoned)
    const handled = await handledIds(database)
    return writer.written.every(({ id }) => handled.has(id))
  })
}
