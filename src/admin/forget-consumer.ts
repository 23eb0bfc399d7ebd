import { table } from '../dead-letter/fence.ts'
import { isOnewriteError, OnewriteError } from '../error/onewrite-error.ts'
import type { Database, Transaction } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { forgetReader } from './forget-reader.ts'

export interface ForgetConsumerOptions {
  readonly name: string
  /** Who decides, for the audit of what is discarded. */
  readonly actor: string
  /** Only say what would be forgotten. */
  readonly dryRun?: boolean
}

export interface ForgottenConsumer {
  readonly name: string
  readonly partitions: number
  readonly retries: number
  /** Parked, held or released: they are discarded. */
  readonly deadLetters: number
  readonly notifications: number
  readonly dryRun: boolean
}

interface ConsumerRow {
  readonly id: number
  readonly partitions: number
  readonly retries: number
  readonly notifications: number
  readonly dead_letters: number
  readonly owner: string | null
}

/** As long as `onewrite lag` takes somebody for a reader. */
const heardWithin = '30 seconds'

const findSql = (schema: string): string => `
  select c.id,
    (select count(*)::int from ${schema}.consumer_partitions p where p.consumer = c.id) as partitions,
    (select count(*)::int from ${schema}.consumer_retries r where r.consumer = c.id) as retries,
    (select count(*)::int from ${schema}.notifications n where n.consumer = c.id) as notifications,
    (select count(*)::int from ${schema}.dead_letters d
      where d.reader = 'consumer/' || c.name and d.state in ('parked', 'held', 'released')) as dead_letters,
    (select min(p.owner) from ${schema}.consumer_partitions p where p.consumer = c.id
      and greatest(p.heard_at, p.owned_at, p.settled_at) > clock_timestamp() - interval '${heardWithin}') as owner
  from ${schema}.consumers c where c.name = $1`

const knownSql = (schema: string): string =>
  `select string_agg(name, ', ' order by name) as known from ${schema}.consumers`

/** Nobody takes a partition over while this is held. */
const lockSql = (schema: string): string =>
  `lock table ${schema}.consumer_partitions in share row exclusive mode`

/** Marks of the inbox stay until they expire: ids of consumers are never used again. */
const forgetSql = (schema: string): readonly string[] =>
  ['consumer_partitions', 'consumer_retries', 'notifications'].map(
    (name) => `delete from ${schema}.${name} where consumer = $1`,
  )

const removeSql = (schema: string): string => `delete from ${schema}.consumers where id = $1`

const discardSql = (schema: string): string => `
  with discarded as (
    update ${table(schema, 'dead_letters')}
    set state = 'discarded', actor = $2, reason = $3, ended_at = clock_timestamp()
    where reader = $1 and state in ('parked', 'held', 'released') returning number
  )
  insert into ${table(schema, 'dead_letter_audit')} (actor, operation, filter, reason, dead_letters)
  select $2, 'discard', jsonb_build_object('reader', $1::text), $3, array_agg(number order by number)
  from discarded having count(*) > 0`

const closeSql = (schema: string): string => `delete from ${table(schema, 'quarantines')} where reader = $1`

const find = async (tx: Transaction, name: string): Promise<ConsumerRow> => {
  const schema = quoteIdentifier('schema', tx.schema)
  const { rows } = await tx.query<ConsumerRow>(findSql(schema), [name])
  const [row] = rows
  if (row === undefined) {
    const { rows: others } = await tx.query<{ known: string | null }>(knownSql(schema))
    throw new OnewriteError('UNKNOWN_READER', { kind: 'consumer', name, known: others[0]?.known ?? 'none' })
  }
  if (row.owner !== null) throw new OnewriteError('READER_IN_USE', { name, owner: row.owner })
  return row
}

const forget = async (tx: Transaction, { name, actor }: ForgetConsumerOptions, id: number): Promise<void> => {
  const schema = quoteIdentifier('schema', tx.schema)
  const reader = `consumer/${name}`
  await tx.query(discardSql(tx.schema), [reader, actor, 'the consumer was forgotten'])
  await tx.query(closeSql(tx.schema), [reader])
  for (const sql of [...forgetSql(schema), removeSql(schema)]) await tx.query(sql, [id])
}

/** Where it reads the log itself, retention waits for its group, too. */
const forgetGroup = async (database: Database, name: string, dryRun: boolean): Promise<void> => {
  try {
    await forgetReader(database, { kind: 'group', name, dryRun })
  } catch (error) {
    if (!isOnewriteError(error, 'UNKNOWN_READER')) throw error
  }
}

/**
 * Forgets a consumer that is gone for good: how far it came, what it was to try again, and its dead letters, which are
 * discarded. One of this name begins anew and remembers nothing. Needs the owner of the log.
 *
 * @throws UNKNOWN_READER, READER_IN_USE, PERMISSION_DENIED
 */
export const forgetConsumer = async (
  database: Database,
  options: ForgetConsumerOptions,
): Promise<ForgottenConsumer> => {
  const { name, dryRun = false } = options
  const found = await database.transaction(async (tx) => {
    if (!dryRun) await tx.query(lockSql(quoteIdentifier('schema', tx.schema)))
    const row = await find(tx, name)
    if (!dryRun) await forget(tx, options, row.id)
    return row
  })
  await forgetGroup(database, name, dryRun)
  const { partitions, retries, dead_letters: deadLetters, notifications } = found
  return { name, partitions, retries, deadLetters, notifications, dryRun }
}
