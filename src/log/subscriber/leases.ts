import { groupName } from './division.ts'
import type { Line } from './line.ts'

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

// One statement for all: an idle group costs one a second and instance, however many partitions it has. What is read
// beside the renewal is as it was before it; what has this owner and was not renewed is nobody's.
const rollCallSql = (schema: string): string => `
  with renewed as (
    update ${schema}.leases l set expires_at = clock_timestamp() + $4::bigint * interval '1 millisecond'
    from unnest($2::text[], $3::bigint[]) as mine(name, token)
    where l.name = mine.name and l.token = mine.token and l.owner = $1
    returning l.name
  )
  select l.name, (l.expires_at > clock_timestamp() and l.owner <> $1) or r.name is not null as held,
    r.name is not null as renewed
  from ${schema}.leases l left join renewed r on r.name = l.name
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

// The owner of a number that is given back is emptied, so that it gets a new token next time.
const enlistSql = (schema: string): string => `
  insert into ${schema}.leases as held (name, owner, token, expires_at)
  values ($1, $2, 1, clock_timestamp() + $3::bigint * interval '1 millisecond')
  on conflict on constraint leases_pkey do update
  set owner = excluded.owner, token = held.token + 1, expires_at = excluded.expires_at
  where held.owner = excluded.owner or held.expires_at <= clock_timestamp()
  returning token::text`

const releaseSql = (schema: string): string => `
  update ${schema}.leases set owner = '', expires_at = '-infinity' where name = $1 and owner = $2 and token = $3`

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
export const rollCall = async (line: Line, request: RollCallRequest): Promise<RollCall> => {
  const { group, owner, holdings, ttl } = request
  const found = await line.read(rollCallSql(line.schema), [
    owner,
    holdings.map(({ name }) => name),
    holdings.map(({ token }) => String(token)),
    ttl,
    groupName(group),
    instancesOf(group),
  ])
  const rows = found.map(
    ([name, held, renewed]): RollRow => ({
      name: name ?? '',
      held: held === 't',
      renewed: renewed === 't',
    }),
  )
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

/** The number of an instance among those of its group. */
export interface Enlisted extends Holding {
  readonly number: number
}

/** Takes the lowest number that no other instance has; undefined when somebody was quicker. */
export const enlist = async (
  line: Line,
  { group, owner, ttl }: Omit<RollCallRequest, 'holdings'>,
  taken: readonly number[],
): Promise<Enlisted | undefined> => {
  let number = 0
  while (taken.includes(number)) number += 1
  const name = instanceName(group, number)
  const [row] = await line.read(enlistSql(line.schema), [name, owner, ttl])
  return row && { number, name, token: BigInt(row[0] ?? '') }
}

/** Gives a lease back at once instead of letting it run out. */
export const release = async (line: Line, owner: string, { name, token }: Holding): Promise<void> => {
  await line.read(releaseSql(line.schema), [name, owner, String(token)])
}

export interface Taken extends Holding {
  /** Up to where the group has dealt with it. */
  readonly position: bigint
}

export interface TakeRequest {
  readonly owner: string
  readonly names: readonly string[]
  readonly count: number
  /** Milliseconds. */
  readonly ttl: number
}

/** Takes up to `count` of the leases named that are free. */
export const takePartitions = async (
  line: Line,
  { owner, names, count, ttl }: TakeRequest,
): Promise<readonly Taken[]> => {
  const rows = await line.read(takeSql(line.schema), [owner, names, count, ttl])
  return rows.map(([name, position, token]) => ({
    name: name ?? '',
    position: BigInt(position ?? ''),
    token: BigInt(token ?? ''),
  }))
}

/** How many partitions an instance is to have: as even as can be, the lower numbers having one more. */
export const shareOf = (instance: number, instances: readonly number[], partitions: number): number => {
  const rank = instances.indexOf(instance)
  if (rank < 0) return 0
  const rest = rank < partitions % instances.length ? 1 : 0
  return Math.floor(partitions / instances.length) + rest
}
