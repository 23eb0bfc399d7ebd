import { OnewriteError } from '../error/onewrite-error.ts'
import type { Database, Transaction } from './database.ts'
import { quoteIdentifier } from './identifier.ts'

/** Leadership of one name for a time. */
export interface Lease {
  readonly name: string
  readonly owner: string
  /** Grows by one at every change of owner. What carries a lower one comes from a former owner. */
  readonly token: bigint
  /**
   * Until when, on this process's `performance.now()`, the lease surely holds. Counted from before it was asked for,
   * so that it ends here no later than in the database, whatever the two clocks say.
   */
  readonly validUntil: number
}

export interface LeaseRequest {
  readonly name: string
  /** One per instance, never shared: two instances of one owner would both hold the lease. */
  readonly owner: string
  /** Milliseconds. */
  readonly ttl: number
}

interface TokenRow {
  readonly token: string
}

const table = (schema: string): string => `${quoteIdentifier('schema', schema)}.leases`

const ends = (parameter: string): string =>
  `clock_timestamp() + ${parameter}::bigint * interval '1 millisecond'`

// Conflicting inserts queue on the row, and the condition is evaluated after the wait: of two contenders the second
// sees the first one's lease. So is the new end, lest waiting should eat up the lease.
const acquireSql = (schema: string): string => `
  insert into ${table(schema)} as held (name, owner, token, expires_at) values ($1, $2, 1, ${ends('$3')})
  on conflict on constraint leases_pkey do update
  set owner = excluded.owner,
      token = held.token + case when held.owner = excluded.owner then 0 else 1 end,
      expires_at = ${ends('$3')}
  where held.owner = excluded.owner or held.expires_at <= clock_timestamp()
  returning token`

// An expired lease that nobody took may be renewed: its token is still the highest.
const renewSql = (schema: string): string => `
  update ${table(schema)} set expires_at = ${ends('$4')} where name = $1 and owner = $2 and token = $3 returning token`

// The owner is emptied, so that even the same one gets a new token next time.
const releaseSql = (schema: string): string => `
  update ${table(schema)} set owner = '', expires_at = '-infinity' where name = $1 and owner = $2 and token = $3`

const checkRequest = ({ name, owner, ttl }: LeaseRequest): void => {
  const faults = [
    ...(name === '' ? ['the name of a lease must not be empty'] : []),
    ...(owner === '' ? ['the owner of a lease must not be empty'] : []),
    ...(Number.isInteger(ttl) && ttl > 0 ? [] : ['ttl must be a whole number of milliseconds above 0']),
  ]
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
}

const leaseOf = (request: LeaseRequest, row: TokenRow | undefined, asked: number): Lease | undefined =>
  row && {
    name: request.name,
    owner: request.owner,
    token: BigInt(row.token),
    validUntil: asked + request.ttl,
  }

/**
 * Takes the lease when it is free, expired or already this owner's; `undefined` while another one holds it.
 *
 * @throws INVALID_CONFIG
 */
export const acquireLease = async (
  database: Database | Transaction,
  request: LeaseRequest,
): Promise<Lease | undefined> => {
  checkRequest(request)
  const asked = performance.now()
  const { name, owner, ttl } = request
  const { rows } = await database.query<TokenRow>(acquireSql(database.schema), [name, owner, ttl])
  return leaseOf(request, rows[0], asked)
}

/**
 * Extends the lease to `ttl` milliseconds from now; `undefined` when another owner has taken it.
 *
 * @throws INVALID_CONFIG
 */
export const renewLease = async (
  database: Database | Transaction,
  lease: Lease,
  ttl: number,
): Promise<Lease | undefined> => {
  const request = { name: lease.name, owner: lease.owner, ttl }
  checkRequest(request)
  const asked = performance.now()
  const values = [lease.name, lease.owner, lease.token, ttl]
  const { rows } = await database.query<TokenRow>(renewSql(database.schema), values)
  return leaseOf(request, rows[0], asked)
}

/** Gives the lease back at once instead of letting it expire. False when it was no longer held. */
export const releaseLease = async (database: Database | Transaction, lease: Lease): Promise<boolean> => {
  const values = [lease.name, lease.owner, lease.token]
  return (await database.query(releaseSql(database.schema), values)).rowCount === 1
}
