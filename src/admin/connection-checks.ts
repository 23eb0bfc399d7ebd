import type { RawConnection } from '../postgres/database.ts'
import { type Check, ok, problem, skipped, warning } from './check.ts'
import { type ServerFacts, usesWal } from './server-facts.ts'

const pidOf = async (connection: RawConnection): Promise<string> =>
  (await connection.read('select pg_backend_pid()::text'))[0]?.[0] ?? ''

/**
 * Two connections that are open at the same time and have the same server process: a pooler gives the process of one
 * to the other between transactions. A pooler in session mode cannot be told from a server, and need not be.
 */
const sharesProcesses = async ({ database }: ServerFacts): Promise<boolean> => {
  const first = await database.rawConnection({ applicationName: 'onewrite cli' })
  try {
    const second = await database.rawConnection({ applicationName: 'onewrite cli' })
    try {
      return (await pidOf(first)) === (await pidOf(second))
    } finally {
      await second.close()
    }
  } finally {
    await first.close()
  }
}

const takesTransactions = async ({ database }: ServerFacts): Promise<boolean> => {
  try {
    await database.transaction((tx) => tx.query('select 1'))
    return true
  } catch {
    return false
  }
}

const pooler: Check<ServerFacts> = {
  name: 'postgres.pooler',
  look: async (facts) => {
    if (!(await takesTransactions(facts))) {
      return problem(
        'no transaction can be begun: a pooler in statement mode stands before the server',
        'Set pool_mode = transaction or session.',
      )
    }
    if (!(await sharesProcesses(facts))) return ok('connections reach a server process of their own')
    const message = 'a pooler in transaction mode stands before the server'
    if (!usesWal(facts)) return ok(`${message}; the source table works through it, the source wal does not`)
    return warning(
      `${message}; relays of the source wal cannot replicate through it`,
      'Give those relays a URL that reaches PostgreSQL itself.',
    )
  },
}

const samples = 5
/** Times of events are those of the machine that records them. */
const muchSkew = 1_000
const absurdSkew = 60_000

interface Sample {
  /** Milliseconds that this machine is ahead. */
  readonly ahead: number
  readonly roundTrip: number
}

const sampleClock = async ({ database }: ServerFacts): Promise<Sample> => {
  const asked = Date.now()
  const { rows } = await database.query<{ now: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as now',
  )
  const answered = Date.now()
  return { ahead: (asked + answered) / 2 - (rows[0]?.now ?? 0), roundTrip: answered - asked }
}

const clock: Check<ServerFacts> = {
  name: 'postgres.clock',
  look: async (facts) => {
    const taken: Sample[] = []
    for (let n = 0; n < samples; n += 1) taken.push(await sampleClock(facts))
    const [best] = taken.sort((a, b) => a.roundTrip - b.roundTrip)
    if (best === undefined) return skipped('no answer')
    const { ahead, roundTrip } = best
    // The answer was made somewhere within the round trip.
    const surely = Math.max(0, Math.abs(ahead) - roundTrip / 2)
    const words = `this machine is ${Math.abs(Math.round(ahead))} ms ${ahead < 0 ? 'behind' : 'ahead of'} the server`
    const fix = 'Run NTP on both. Leases go by the clock of the server alone; the times of events do not.'
    if (surely > absurdSkew) return problem(words, fix)
    if (surely > muchSkew) return warning(words, fix)
    return ok(`${words}, within ${Math.ceil(roundTrip / 2)} ms`)
  },
}

export const connectionChecks: readonly Check<ServerFacts>[] = [pooler, clock]
