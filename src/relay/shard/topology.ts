import { handOver } from '../../dead-letter/hand-over.ts'
import { OnewriteError } from '../../error/onewrite-error.ts'
import { partitionFor } from '../../message/partition.ts'
import type { Database, Transaction } from '../../postgres/database.ts'
import { quoteIdentifier } from '../../postgres/identifier.ts'
import { firstPosition, shardName, type Topology } from './shard.ts'

interface TopologyRow {
  readonly generation: number
  readonly shards: number
  readonly stopped_at: readonly (string | null)[]
  readonly active: boolean
}

const table = (schema: string, name: 'relay_shards' | 'relays' | 'checkpoints'): string =>
  `${quoteIdentifier('schema', schema)}.${name}`

const latestSql = (schema: string): string => `
  select generation, shards, stopped_at::text[], active from ${table(schema, 'relay_shards')}
  where relay = $1 order by generation desc limit 2`

// The row of the first generation is what two instances that start at once agree on.
const foundSql = (schema: string): string => `
  insert into ${table(schema, 'relay_shards')} (relay, generation, shards, stopped_at, active)
  values ($1, 1, $2, '{}', true)
  on conflict on constraint relay_shards_pkey do nothing`

const registeredSql = (schema: string): string => `select 1 from ${table(schema, 'relays')} where name = $1`

const sourceSql = (schema: string): string =>
  `select 1 from ${table(schema, 'relays')} where name = $1 and source <> 'table'`

const divideSql = (schema: string): string => `
  insert into ${table(schema, 'relay_shards')} (relay, generation, shards, stopped_at, active)
  values ($1, $2, $3, array_fill(null::bigint, array[$4::int]), false)
  on conflict on constraint relay_shards_pkey do nothing`

const stoppedSql = (schema: string): string => `
  update ${table(schema, 'relay_shards')} set stopped_at[$3] = $4
  where relay = $1 and generation = $2 and stopped_at[$3] is null`

const activateSql = (schema: string): string => `
  update ${table(schema, 'relay_shards')} set active = true
  where relay = $1 and generation = $2 and not active and array_position(stopped_at, null) is null`

const toTopology = ({ generation, shards, stopped_at, active }: TopologyRow): Topology => ({
  generation,
  shards,
  stoppedAt: stopped_at.map((position) => (position === null ? undefined : BigInt(position))),
  active,
})

/** The latest division of a relay, and the one before it; nothing for a relay that never started. */
export const readTopology = async (
  database: Database | Transaction,
  relay: string,
): Promise<{ readonly now: Topology; readonly before: Topology | undefined } | undefined> => {
  const { rows } = await database.query<TopologyRow>(latestSql(database.schema), [relay])
  const [now, before] = rows.map(toTopology)
  return now && { now, before }
}

/** @throws INVALID_CONFIG */
const checkShards = (shards: number): void => {
  if (Number.isInteger(shards) && shards >= 1 && shards <= 64) return
  throw new OnewriteError('INVALID_CONFIG', { faults: `shards ${shards} is not a whole number from 1 to 64` })
}

/**
 * Writes down how a new relay is divided. One that led before sharding was known counts as undivided, and is divided
 * like any other from there.
 */
export const foundTopology = (database: Database, relay: string, shards: number): Promise<void> =>
  database.transaction(async (tx) => {
    checkShards(shards)
    const { rowCount } = await tx.query(registeredSql(tx.schema), [relay])
    await tx.query(foundSql(tx.schema), [relay, rowCount === 0 ? shards : 1])
  })

export interface Redivision {
  readonly relay: string
  readonly from: number
  readonly to: number
  /** False where it has that many shards already. */
  readonly changed: boolean
}

const readsWal = async (database: Database | Transaction, relay: string): Promise<boolean> => {
  const { rows } = await database.query(sourceSql(database.schema), [relay])
  return rows.length > 0
}

/**
 * What `divideRelay` would do.
 *
 * @throws INVALID_CONFIG
 */
export const planDivision = async (
  database: Database | Transaction,
  relay: string,
  shards: number,
): Promise<Redivision & { readonly generation: number }> => {
  checkShards(shards)
  const found = await readTopology(database, relay)
  if (found === undefined) {
    const faults = `relay ${relay} is not divided by keys, or never ran`
    throw new OnewriteError('INVALID_CONFIG', { faults })
  }
  if ((await readsWal(database, relay)) && shards > 1) {
    const faults = `relay ${relay} reads the write-ahead log, which one relay reads; run it with source table first`
    throw new OnewriteError('INVALID_CONFIG', { faults })
  }
  const { shards: from, generation, active } = found.now
  if (active) return { relay, from, to: shards, generation, changed: from !== shards }
  const faults = `relay ${relay} is still changing to ${from} shards; ask again once it has`
  throw new OnewriteError('INVALID_CONFIG', { faults })
}

/**
 * Divides a relay anew: its shards finish what they have in hand and stop; once all have, the new ones go on where each
 * key's shard had stopped. Nothing is repeated and no key is reordered.
 *
 * @throws INVALID_CONFIG for a relay that is not known, for one that reads the write-ahead log, while the last change
 *   is still going on, and unless `shards` is a whole number from 1 to 64
 */
export const divideRelay = (database: Database, relay: string, shards: number): Promise<Redivision> =>
  database.transaction(async (tx) => {
    const { from, to, changed, generation } = await planDivision(tx, relay, shards)
    if (!changed) return { relay, from, to, changed }
    const { rowCount } = await tx.query(divideSql(tx.schema), [relay, generation + 1, to, from])
    return { relay, from, to, changed: rowCount === 1 }
  })

/** A shard has stopped for good. The first report stands: whoever made it had fenced the shard. */
export const recordStop = async (
  database: Database,
  relay: string,
  { generation }: Topology,
  index: number,
  position: bigint,
): Promise<void> => {
  await database.query(stoppedSql(database.schema), [relay, generation, index + 1, position])
}

const forgetSql = (schema: string): string => `delete from ${table(schema, 'relays')} where name = any($1)`

const inheritSql = (schema: string): string => `
  insert into ${table(schema, 'checkpoints')} (name, position, fencing_token) values ($1, $2, 0)
  on conflict on constraint checkpoints_pkey do nothing`

const announceSql = (schema: string): string => `
  insert into ${table(schema, 'relays')} (name, source, delivery, shard, shards, owner)
  values ($1, 'table', $2, $3, $4, '')
  on conflict on constraint relays_pkey do nothing`

const names = (relay: string, topology: Topology): readonly string[] =>
  Array.from({ length: topology.shards }, (_, index) => shardName(relay, topology, index))

/**
 * Lets the new shards publish. Retention sees them, at the position where they begin, in the moment it loses sight of
 * the old ones: in between nobody would hold back what is not published yet.
 */
export const activate = (
  database: Database,
  relay: string,
  now: Topology,
  { before, delivery }: { readonly before: Topology; readonly delivery: string },
): Promise<void> =>
  database.transaction(async (tx) => {
    const { rowCount } = await tx.query(activateSql(tx.schema), [relay, now.generation])
    if (rowCount === 0) return
    for (const [index, name] of names(relay, now).entries()) {
      await tx.query(inheritSql(tx.schema), [`relay/${name}`, firstPosition(now)])
      await tx.query(announceSql(tx.schema), [name, delivery, index, now.shards])
    }
    await tx.query(forgetSql(tx.schema), [names(relay, before)])
    const next = names(relay, now).map((name) => `relay/${name}`)
    await handOver(tx, {
      from: names(relay, before).map((name) => `relay/${name}`),
      readerOf: (key) => next[key === null ? 0 : partitionFor(key, now.shards)] ?? '',
    })
  })
