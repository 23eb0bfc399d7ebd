import { type Check, type Finding, ok, problem, skipped, warning } from './check.ts'
import { pendingMigrations } from './pending-migrations.ts'
import { type ServerFacts, usesWal } from './server-facts.ts'

const oldest = 14
const newest = 18

/** What a later version of PostgreSQL adds, and nothing here depends on. */
const features: readonly (readonly [version: number, feature: string])[] = [
  [15, 'publications with a list of columns or a filter'],
  [16, 'the reason why a slot was invalidated'],
  [17, 'slots that survive a failover (failover = true)'],
  [17, 'since when a slot is inactive'],
  [18, 'a limit for idle slots (idle_replication_slot_timeout)'],
]

const version: Check<ServerFacts> = {
  name: 'postgres.version',
  look: ({ versionNumber, version }) => {
    const major = Math.floor(versionNumber / 10_000)
    const lacks = features.filter(([since]) => since > major).map(([since, what]) => `${since}: ${what}`)
    const without = lacks.length === 0 ? '' : `; not in this version: ${lacks.join(', ')}`
    if (major < oldest) {
      return problem(
        `PostgreSQL ${version} is older than ${oldest}`,
        `Upgrade to PostgreSQL ${oldest} or later.`,
      )
    }
    if (major > newest) {
      return warning(
        `PostgreSQL ${version} is newer than ${newest}, the last that was tried`,
        'Try it elsewhere first; see whether a newer onewrite knows it.',
      )
    }
    return ok(`PostgreSQL ${version}${without}`)
  },
}

const primary: Check<ServerFacts> = {
  name: 'postgres.primary',
  look: ({ isReplica }) =>
    isReplica
      ? problem(
          'this is a replica',
          'Connect to the primary: on a replica the order of the log cannot be known.',
        )
      : ok('this is a primary'),
}

const schema: Check<ServerFacts> = {
  name: 'postgres.schema',
  look: async ({ database }) => {
    const { installed, needed, pending } = await pendingMigrations(database)
    if (installed === 0) {
      return problem(`schema ${database.schema} holds no log`, 'Run onewrite migrate, or correct --schema.')
    }
    if (pending.length > 0) {
      const fix = 'Run onewrite migrate before the new program starts.'
      return problem(`schema ${database.schema} has version ${installed}, this program needs ${needed}`, fix)
    }
    return ok(`schema ${database.schema} has version ${installed}`)
  },
}

const durability: Check<ServerFacts> = {
  name: 'postgres.durability',
  look: ({ setting }) => {
    const off = ['fsync', 'full_page_writes'].filter((name) => setting(name) === 'off')
    const findings: Finding[] = off.map((name) =>
      problem(`${name} is off: a crash can lose or damage what was committed`, `Set ${name} = on.`),
    )
    if (setting('synchronous_commit') === 'off') {
      findings.push(
        warning(
          'synchronous_commit is off: a crash can lose what was committed, also what was published by then',
          'Set synchronous_commit = on for the roles that record events.',
        ),
      )
    }
    return findings.length > 0 ? findings : ok('commits are on the disk before they are confirmed')
  },
}

const walLevel: Check<ServerFacts> = {
  name: 'postgres.wal-level',
  look: (facts) => {
    const { walLevel: level } = facts.wal
    if (level === 'logical') return ok('wal_level is logical')
    const message = `wal_level is ${level}; the source wal needs logical`
    const fix = "alter system set wal_level = 'logical', then restart PostgreSQL; or use the source table."
    return usesWal(facts) ? problem(message, fix) : skipped(`${message}, and no relay uses it`)
  },
}

const free = (
  facts: ServerFacts,
  what: 'max_replication_slots' | 'max_wal_senders',
  { used, most }: { readonly used: number; readonly most: number },
): Finding => {
  const message = `${used} of ${most} (${what}) are in use`
  if (used < most) return ok(message)
  const fix = `Raise ${what} and restart PostgreSQL, or drop a replication slot that nobody needs.`
  return usesWal(facts)
    ? problem(message, fix)
    : warning(`${message}: a relay of the source wal would find none`, fix)
}

const walSlots: Check<ServerFacts> = {
  name: 'postgres.slots-free',
  look: (facts) => free(facts, 'max_replication_slots', facts.wal.slots),
}

const walSenders: Check<ServerFacts> = {
  name: 'postgres.wal-senders-free',
  look: (facts) => free(facts, 'max_wal_senders', facts.wal.senders),
}

const secondsOf = (milliseconds: string | undefined): number => Number(milliseconds ?? 0) / 1000

const senderTimeout: Check<ServerFacts> = {
  name: 'postgres.wal-sender-timeout',
  look: (facts) => {
    if (!usesWal(facts)) return skipped('no relay uses the source wal')
    const seconds = secondsOf(facts.setting('wal_sender_timeout'))
    const fix = 'Set wal_sender_timeout = 60s, the default.'
    if (seconds === 0)
      return warning('wal_sender_timeout is off: a dead reader keeps its slot for hours', fix)
    if (seconds < 10) return warning(`wal_sender_timeout is ${seconds} s: a short pause ends the stream`, fix)
    return ok(`wal_sender_timeout is ${seconds} s`)
  },
}

const idleTimeout: Check<ServerFacts> = {
  name: 'postgres.idle-transactions-end',
  look: ({ setting }) => {
    const seconds = secondsOf(setting('idle_in_transaction_session_timeout'))
    if (seconds > 0) return ok(`idle_in_transaction_session_timeout is ${seconds} s`)
    return warning(
      'idle_in_transaction_session_timeout is off: a transaction that appended and was left open holds back everything after it',
      "alter role … set idle_in_transaction_session_timeout = '60s' for the roles that record events.",
    )
  },
}

const keepSize: Check<ServerFacts> = {
  name: 'postgres.slot-wal-limit',
  look: (facts) => {
    const megabytes = Number(facts.setting('max_slot_wal_keep_size') ?? -1)
    if (megabytes >= 0) return ok(`max_slot_wal_keep_size is ${megabytes} MB`)
    if (!usesWal(facts))
      return skipped('max_slot_wal_keep_size is unlimited, and no relay uses the source wal')
    return warning(
      'max_slot_wal_keep_size is unlimited: a slot that nobody reads fills the disk',
      "alter system set max_slot_wal_keep_size = '10GB'; select pg_reload_conf(). The WAL budget of a relay acts only while one runs.",
    )
  },
}

export const serverChecks: readonly Check<ServerFacts>[] = [
  version,
  primary,
  schema,
  durability,
  idleTimeout,
  walLevel,
  walSlots,
  walSenders,
  senderTimeout,
  keepSize,
]
