import type { RelayFacts } from './relay-facts.ts'

/** Something of a relay that needs a person, and what to do. */
export interface RelayProblem {
  readonly problem: string
  readonly fix: string
}

type Rule = (relay: RelayFacts) => RelayProblem | undefined

/** Long enough for a transaction of Kafka that has to time out. */
const standingStill = 120

const nobodyLeads: Rule = ({ state }) =>
  state === 'stopped' || state === 'stale'
    ? {
        problem: state === 'stale' ? 'its leader went silent' : 'nobody leads it',
        fix: 'Start an instance of its service; where the relay is gone for good: onewrite relay forget.',
      }
    : undefined

const standsStill: Rule = ({ state, lag, checkpointAge = 0 }) =>
  state === 'leading' && lag !== undefined && lag.seconds > standingStill && checkpointAge > standingStill
    ? {
        problem: `events wait and its checkpoint has not moved for ${Math.round(checkpointAge)} s`,
        fix: 'See the log and the health of the leader, then the brokers; onewrite doctor --brokers checks both sides.',
      }
    : undefined

const slotGone: Rule = ({ slot, reading }) =>
  slot !== undefined && !slot.exists && reading === 'wal'
    ? {
        problem: `its replication slot ${slot.name} does not exist`,
        fix: 'The leader makes it again and refills what is missing from the table.',
      }
    : undefined

const slotLost: Rule = ({ slot }) =>
  slot?.walStatus === 'lost'
    ? {
        problem: `its replication slot ${slot.name} is lost: PostgreSQL removed what it had not read`,
        fix: 'The leader makes it again and refills what is missing from the table; see max_slot_wal_keep_size.',
      }
    : undefined

const slotInDanger: Rule = ({ slot }) =>
  slot?.walStatus === 'unreserved'
    ? {
        problem: `its replication slot ${slot.name} will be lost at the next checkpoint of PostgreSQL`,
        fix: 'Have the relay catch up now, or raise max_slot_wal_keep_size.',
      }
    : undefined

const overBudget: Rule = ({ slot }) =>
  slot?.budgetPercent !== undefined && slot.budgetPercent >= 50
    ? {
        problem: `its replication slot ${slot.name} holds back ${slot.budgetPercent} % of its WAL budget`,
        fix: 'Find out why the relay does not keep up: the brokers, the leader, or a transaction that is open for long.',
      }
    : undefined

const recordsWait: Rule = ({ quarantine: { parked, held } }) =>
  parked > 0n
    ? {
        problem: `${parked} records were refused for good, and ${held} wait behind them`,
        fix: 'See onewrite dead-letters list, then redrive or discard them.',
      }
    : undefined

const rules = [nobodyLeads, standsStill, recordsWait, slotGone, slotLost, slotInDanger, overBudget]

/** What of a relay needs a person. */
export const relayProblems = (relay: RelayFacts): readonly RelayProblem[] =>
  rules.map((rule) => rule(relay)).filter((problem) => problem !== undefined)
