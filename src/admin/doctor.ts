import type { KafkaOptions } from '../kafka/options.ts'
import type { Database } from '../postgres/database.ts'
import { type CheckResult, type CheckStatus, runChecks } from './check.ts'
import { connectionChecks } from './connection-checks.ts'
import { grantChecks } from './grant-checks.ts'
import { kafkaDoctor } from './kafka-checks.ts'
import { logChecks } from './log-checks.ts'
import { replicationChecks } from './replication-checks.ts'
import { serverChecks } from './server-checks.ts'
import { readServerFacts } from './server-facts.ts'

export interface DoctorOptions {
  readonly database: Database
  /** Milliseconds from which on a transaction counts as left open. Default 10,000. */
  readonly openFor?: number
  /** Also look at these brokers and topics. */
  readonly kafka?: { readonly options: KafkaOptions; readonly topics: readonly string[] }
  /** Told which check is made. */
  readonly progress?: (check: string) => void
}

export interface Diagnosis {
  readonly checks: readonly CheckResult[]
  /** How many findings there are of each status. */
  readonly counts: Readonly<Record<CheckStatus, number>>
  /** Whether there is no problem; warnings are allowed. */
  readonly healthy: boolean
}

const all = [...serverChecks, ...connectionChecks, ...grantChecks, ...logChecks, ...replicationChecks]

const count = (checks: readonly CheckResult[], status: CheckStatus): number =>
  checks.filter((check) => check.status === status).length

const diagnosisOf = (checks: readonly CheckResult[]): Diagnosis => ({
  checks,
  counts: {
    ok: count(checks, 'ok'),
    warning: count(checks, 'warning'),
    problem: count(checks, 'problem'),
    skipped: count(checks, 'skipped'),
  },
  healthy: count(checks, 'problem') === 0,
})

/**
 * Looks at everything that has to be right for events to be recorded and published, and says how to put right what is
 * not. Changes nothing.
 *
 * @throws DATABASE_UNREACHABLE, DATABASE_AUTHENTICATION, INVALID_CONFIG
 */
export const doctor = async ({
  database,
  kafka,
  openFor = 10_000,
  progress = () => undefined,
}: DoctorOptions): Promise<Diagnosis> => {
  const facts = await readServerFacts(database, openFor)
  const found = await runChecks(all, facts, progress)
  if (kafka === undefined) return diagnosisOf(found)
  const { options, topics } = kafka
  return diagnosisOf([...found, ...(await kafkaDoctor({ kafka: options, topics, progress }))])
}
