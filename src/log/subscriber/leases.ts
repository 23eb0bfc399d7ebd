import type { Database } from '../../postgres/database.ts'
import { quoteIdentifier } from '../../postgres/identifier.ts'
import { acquireLease, type Lease } from '../../postgres/lease.ts'
import { groupName } from './division.ts'

/** What an instance holds of a group. */
export interface Holding {
  readonly name: string
  readonly token: bigint
}

export interface RollCall {
  /** Names of those that were renewed. */
  readonly renewed: ReadonlySet<string>
  /** Numbers of the instances that live, by the clock of the database; ascending. */
  readonly instances: readonly number[]
  /** Numbers of the partitions that nobody holds. */
  readonly free: readonly number[]
}

interface RollRow {
  readonly name: string
  readonly held: boolean
  readonly renewed: boolean
}

/** Each instance holds the lease of a number, so that the others know how many they are. */
const instancesOf = (group: string): string => `instances/${group}`

export const instanceName = (group: string, instance: number): string => `${instancesOf(group)}/${instance}`

const table = (database: Database): string => `${quoteIdentifier('schema', database.schema)}.leases`

// One statement for all: an idle group costs one a second and instance, however many partitions it has. What is read
// beside the renewal is as it was before it; what has this owner and was not renewed is nobody's.
const rollCallSql = (leases: string): string => `
  with renewed as (
    update ${leases} l set expires_at = clock_timestamp() + $4::bigint * interval '1 millisecond'
    from unnest($2::text[], $3::bigint[]) as mine(name, token)
    where l.name = mine.name and l.token = mine.token and l.owner = $1
    returning l.name
  )
  select l.name, (l.expires_at > clock_timestamp() and l.owner <> $1) or r.name is not null as held,
    r.name is not null as renewed
  from ${leases} l left join renewed r on r.name = l.name
  where starts_with(l.name, $5 || '/') or starts_with(l.name, $6 || '/')`

// The checkpoint is fenced in the statement that takes the lease: from here on the former owner cannot move it, so what
// is read of it does not become outdated. What this owner lost sight of counts as free, and gets a new token.
const takeSql = (schema: string): string => `
  with free as (
    select name from ${schema}.leases where name = any($2) and (expires_at <= clock_timestamp() or owner = $1)
    order by name limit $3::int for update skip locked
  ), taken as (
    update ${schema}.leases l
    set owner = $1, token = l.token + 1, expires_at = clock_timestamp() + $4::bigint * interval '1 millisecond'
    from free where l.name = free.name returning l.name, l.token
  )
  update ${schema}.checkpoints c set fencing_token = t.token, updated_at = clock_timestamp()
  from taken t where c.name = t.name and c.fencing_token <= t.token
  returning c.name, c.position::text, t.token::text`

const numbersOf = (rows: readonly RollRow[], prefix: string): readonly number[] =>
  rows
    .map(({ name }) => (name.startsWith(`${prefix}/`) ? name.slice(prefix.length + 1) : ''))
    .filter((rest) => /^[0-9]+$/.test(rest))
    .map(Number)
    .sort((a, b) => a - b)

export interface RollCallRequest {
  readonly group: string
  readonly owner: string
  readonly holdings: readonly Holding[]
  /** Milliseconds. */
  readonly ttl: number
}

/** Renews all that an instance holds, and tells what the others hold. */
export const rollCall = async (database: Database, request: RollCallRequest): Promise<RollCall> => {
  const { group, owner, holdings, ttl } = request
  const { rows } = await database.query<RollRow>(rollCallSql(table(database)), [
    owner,
    holdings.map(({ name }) => name),
    holdings.map(({ token }) => String(token)),
    ttl,
    groupName(group),
    instancesOf(group),
  ])
  return {
    renewed: new Set(rows.filter(({ renewed }) => renewed).map(({ name }) => name)),
    instances: numbersOf(
      rows.filter(({ held }) => held),
      instancesOf(group),
    ),
    free: numbersOf(
      rows.filter(({ held }) => !held),
      groupName(group),
    ),
  }
}

/** Takes the lowest number that no other instance has; undefined when somebody was quicker. */
export const enlist = async (
  database: Database,
  { group, owner, ttl }: Omit<RollCallRequest, 'holdings'>,
  taken: readonly number[],
): Promise<{ readonly number: number; readonly lease: Lease } | undefined> => {
  let number = 0
  while (taken.includes(number)) number += 1
  const lease = await acquireLease(database, { name: instanceName(group, number), owner, ttl })
  return lease && { number, lease }
}

export interface Taken extends Holding {
  /** Up to where the group has dealt with it. */
  readonly position: bigint
}

/** Takes up to `count` of the leases named that are free. */
export const takePartitions = async (
  database: Database,
  { owner, names, count, ttl }: { owner: string; names: readonly string[]; count: number; ttl: number },
): Promise<readonly Taken[]> => {
  const { rows } = await database.query<{ name: string; position: string; token: string }>(
    takeSql(quoteIdentifier('schema', database.schema)),
    [owner, names, count, ttl],
  )
  return rows.map(({ name, position, token }) => ({
    name,
    position: BigInt(position),
    token: BigInt(token),
  }))
}

/** How many partitions an instance is to have: as even as can be, the lower numbers having one more. */
export const shareOf = (instance: number, instances: readonly number[], partitions: number): number => {
  const rank = instances.indexOf(instance)
  if (rank < 0) return 0
  const rest = rank < partitions % instances.length ? 1 : 0
  return Math.floor(partitions / instances.length) + rest
}
