import type { ConsumerFacts, ConsumerPartition } from './consumer-facts.ts'

/** Something of a consumer that needs a person, and what to do. */
export interface ConsumerProblem {
  readonly problem: string
  readonly fix: string
}

type Rule = (consumer: ConsumerFacts) => ConsumerProblem | undefined

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

/** The mark of the last transaction may count as one. */
const isBehind = ({ lag: { events } }: ConsumerPartition): boolean => events === undefined || events > 1n

/** One that nobody reads, and that has nothing to read, is left over from a topic that is no longer handled. */
const nobodyReads: Rule = ({ partitions }) => {
  const silent = partitions.filter(({ state }) => state === 'silent')
  const missed = silent.length === partitions.length ? silent : silent.filter(isBehind)
  return missed.length === 0
    ? undefined
    : {
        problem: `nobody reads ${missed.length} of ${counted(partitions.length, 'partition')}`,
        fix: 'Start an instance of its service, or see why it stopped; one that is gone: onewrite consumer forget.',
      }
}

/** Longer than the pauses between retries. */
const standingStill = 120

const standsStill: Rule = ({ partitions, retries }) => {
  const still = partitions.filter(({ state, lag }) => state === 'reading' && lag.seconds > standingStill)
  const oldest = Math.max(0, ...still.map(({ lag }) => lag.seconds))
  return still.length === 0
    ? undefined
    : {
        problem: `it lags ${Math.round(oldest)} s in ${counted(still.length, 'partition')}, with ${counted(retries, 'event')} to try again`,
        fix: 'See the log and the health of its service: which error is tried again, or what is slow.',
      }
}

const eventsWait: Rule = ({ quarantine: { parked, held } }) =>
  parked === 0
    ? undefined
    : {
        problem: `${counted(parked, 'event')} could not be handled, and ${held} wait behind`,
        fix: 'See onewrite dead-letters list --grouped, then redrive or discard them.',
      }

const rules = [nobodyReads, standsStill, eventsWait]

/** What of a consumer needs a person. */
export const consumerProblems = (consumer: ConsumerFacts): readonly ConsumerProblem[] =>
  rules.map((rule) => rule(consumer)).filter((problem) => problem !== undefined)
