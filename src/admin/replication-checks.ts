import { isOnewriteError } from '../error/onewrite-error.ts'
import { withoutFix } from '../error/without-fix.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import { checkPublication } from '../postgres/publication.ts'
import { type Check, type Finding, ok, problem, skipped, warning } from './check.ts'
import { type ServerFacts, usesWal } from './server-facts.ts'

const publicationsSql = `
  select distinct pubname as name from pg_publication_tables where schemaname = $1 and tablename like 'events%'
  order by 1`

const publication: Check<ServerFacts> = {
  name: 'replication.publication',
  look: async (facts) => {
    const { database, walRelays = [] } = facts
    if (!walRelays.some(({ readsLog }) => readsLog))
      return skipped('no relay reads the log from the write-ahead log')
    const { rows } = await database.query<{ name: string }>(publicationsSql, [database.schema])
    const findings: Finding[] = []
    for (const { name } of rows) {
      const table = { publication: name, schema: database.schema, table: 'events' }
      try {
        if (await checkPublication(database, table))
          findings.push(ok(`publication ${name} publishes the log`))
      } catch (error) {
        if (!isOnewriteError(error, 'PUBLICATION_INCOMPLETE')) throw error
        findings.push(problem(withoutFix(error), error.fix))
      }
    }
    if (findings.length > 0) return findings
    return problem(
      'no publication publishes the log: PostgreSQL 18 then hands over nothing, without an error',
      'Start the relay with a role that may create it; or create it as the owner of the log.',
    )
  },
}

interface SlotRow {
  readonly name: string
  readonly relay: string | null
  readonly active: boolean
  readonly wal_status: string | null
  readonly retained: string | null
  readonly budget: string | null
  readonly invalid: string | null
}

const slotsSql = (relays: string): string => `
  select s.slot_name::text as name, r.name as relay, s.active, s.wal_status,
    case when not pg_is_in_recovery()
      then pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.restart_lsn)::bigint::text end as retained,
    r.wal_budget::text as budget,
    coalesce(to_jsonb(s) ->> 'invalidation_reason',
      case when to_jsonb(s) ->> 'conflicting' = 'true' then 'conflicting' end) as invalid
  from pg_replication_slots s left join ${relays} r on r.slot = s.slot_name::text
  where s.database is null or s.database = current_database()
  order by 1`

const mebibyte = 1024n * 1024n
/** A slot that nobody reads is worth a word from here on. */
const muchRetained = 64n * mebibyte

const slotFinding = (slot: SlotRow): Finding => {
  const { name, relay, active, wal_status, invalid } = slot
  const retained = BigInt(slot.retained ?? '0')
  const whose = relay === null ? `slot ${name}, of no relay here,` : `slot ${name} of relay ${relay}`
  const size = `${retained / mebibyte} MiB of write-ahead log`
  if (wal_status === 'lost' || invalid !== null) {
    const fix =
      relay === null
        ? `select pg_drop_replication_slot('${name}')`
        : 'The leader makes it again and refills what is missing from the table; see max_slot_wal_keep_size.'
    return problem(`${whose} is lost${invalid === null ? '' : ` (${invalid})`}`, fix)
  }
  if (wal_status === 'unreserved') {
    return problem(`${whose} will be lost at the next checkpoint of PostgreSQL`, 'Have it catch up now.')
  }
  if (slot.budget !== null && retained * 2n >= BigInt(slot.budget)) {
    const fix = 'Find out why the relay does not keep up: onewrite relay status.'
    return warning(`${whose} retains ${size}, half of its budget or more`, fix)
  }
  if (active) return ok(`${whose} is read and retains ${size}`)
  const fix = `Start its reader; or, where that is gone for good, drop it: ${relay === null ? `select pg_drop_replication_slot('${name}')` : `onewrite relay forget ${relay}`}.`
  return retained >= muchRetained || relay !== null
    ? warning(`${whose} is read by nobody and retains ${size}`, fix)
    : ok(`${whose} is read by nobody and retains ${size}`)
}

const slots: Check<ServerFacts> = {
  name: 'replication.slots',
  look: async ({ database, walRelays }) => {
    // Without the registry nobody can tell whose a slot is.
    const none = '(select null::text as name, null::text as slot, null::bigint as wal_budget where false)'
    const relays = walRelays === undefined ? none : `${quoteIdentifier('schema', database.schema)}.relays`
    const { rows } = await database.query<SlotRow>(slotsSql(relays))
    return rows.length === 0 ? ok('there is no replication slot') : rows.map(slotFinding)
  },
}

const privilege: Check<ServerFacts> = {
  name: 'replication.privilege',
  look: (facts) => {
    if (facts.wal.mayReplicate) return ok('this role may replicate')
    if (!usesWal(facts)) return skipped('this role may not replicate, and no relay uses the source wal')
    return warning(
      'this role may not replicate; relays of the source wal need one that may',
      'alter role … replication, for the role of the relay alone; see docs/roles.md.',
    )
  },
}

interface Replicator {
  readonly name: string
}

const replicatorsSql = `
  select rolname::text as name from pg_roles where rolreplication and rolcanlogin and not rolsuper order by 1`

interface HbaRow {
  readonly line: number
  readonly type: string
  readonly users: string[]
  readonly databases: string[]
  readonly address: string | null
  readonly method: string
}

const hbaSql = `
  select line_number as line, type, user_name as users, database as databases, address, auth_method as method
  from pg_hba_file_rules where error is null and ('replication' = any(database) or 'all' = any(database))
  order by line_number`

const isWide = ({ type, address, method }: HbaRow): boolean =>
  type.startsWith('host') &&
  method !== 'reject' &&
  (address === 'all' || address === '0.0.0.0' || address === '::' || address === null)

const exposure: Check<ServerFacts> = {
  name: 'replication.exposure',
  look: async ({ database }) => {
    const { rows: roles } = await database.query<Replicator>(replicatorsSql)
    const { rows: rules } = await database.query<HbaRow>(hbaSql)
    const physical = rules.filter(({ databases }) => databases.includes('replication'))
    const findings: Finding[] = []
    const fix = 'Name the role, the database and the address in pg_hba.conf; keep "replication" for standbys.'
    for (const rule of physical.filter(isWide)) {
      findings.push(
        problem(
          `pg_hba.conf line ${rule.line} lets ${rule.users.join(', ')} copy the whole cluster from anywhere`,
          fix,
        ),
      )
    }
    const trusting = rules.filter(({ type, method }) => type.startsWith('host') && method === 'trust')
    if (trusting.length > 0) {
      const lines = trusting.map(({ line }) => line).join(', ')
      findings.push(warning(`pg_hba.conf trusts connections without a password (line ${lines})`, fix))
    }
    const reachable = physical.filter(({ method }) => method !== 'reject').length > 0
    if (roles.length > 0 && reachable) {
      const names = roles.map(({ name }) => name).join(', ')
      findings.push(
        warning(
          `${names} may replicate: whatever their grants say, they can read every table and, where pg_hba.conf has a line for replication, copy the cluster`,
          fix,
        ),
      )
    }
    return findings.length > 0 ? findings : ok('no role but superusers may copy the cluster')
  },
}

export const replicationChecks: readonly Check<ServerFacts>[] = [privilege, exposure, publication, slots]
