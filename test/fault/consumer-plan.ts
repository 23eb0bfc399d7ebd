import type { Dice } from './seed.ts'

/** SIGSTOP until all that it had is another's, then SIGCONT. */
interface Frozen {
  readonly instance: number
  /** Another's not only by the account of the transport: its place in the database was taken, too. */
  readonly thorough: boolean
}

type ZombieStep =
  | (Frozen & { readonly kind: 'zombie'; readonly after: number })
  /** At the nth passage of a failpoint. */
  | (Frozen & { readonly kind: 'zombie at'; readonly name: string; readonly passage: number })

/** What happens to one of several instances. */
export type InstanceStep =
  /** SIGKILL at the nth passage of a failpoint, of whichever instance gets there first. */
  | { readonly kind: 'failpoint'; readonly name: string; readonly passage: number }
  /** SIGKILL so many milliseconds after the step began. */
  | { readonly kind: 'random'; readonly instance: number; readonly after: number }
  /** SIGTERM; a new one joins so many milliseconds later. */
  | { readonly kind: 'leave'; readonly instance: number; readonly away: number }
  | ZombieStep

/** A server is away for so many milliseconds. PostgreSQL is killed, the broker stopped in an orderly way. */
export type OutageStep =
  | { readonly kind: 'postgres'; readonly away: number }
  | { readonly kind: 'broker'; readonly away: number }

export type ConsumerStep = InstanceStep | OutageStep

export interface ConsumerPlanOptions {
  readonly steps: number
  readonly instances: number
  /** To be killed at. */
  readonly failpoints: readonly string[]
  /** To be stopped at. */
  readonly stops: readonly string[]
  readonly faults: readonly OutageStep['kind'][]
}

/** Parking and redriving are rare, settling comes several times a second. */
const mostPassages = (name: string): number => {
  if (/parked|redriven/.test(name)) return 2
  return name === 'consumer.handled' ? 40 : 8
}

const passageOf = (random: Dice, name: string) => ({ name, passage: random.between(1, mostPassages(name)) })

const makers = (random: Dice, { instances, failpoints, stops, faults }: ConsumerPlanOptions) => {
  const instance = (): number => random.between(0, instances - 1)
  const frozen = (): Frozen => ({ instance: instance(), thorough: random.chance(0.5) })
  return {
    killAt: (name: string): ConsumerStep => ({ kind: 'failpoint', ...passageOf(random, name) }),
    kill: (): ConsumerStep => ({ kind: 'random', instance: instance(), after: random.between(0, 1000) }),
    leave: (): ConsumerStep => ({ kind: 'leave', instance: instance(), away: random.between(0, 1000) }),
    freeze: (): ConsumerStep => ({ kind: 'zombie', ...frozen(), after: random.between(0, 500) }),
    freezeAt: (name: string): ConsumerStep => ({
      kind: 'zombie at',
      ...frozen(),
      ...passageOf(random, name),
    }),
    outage: (kind: OutageStep['kind']): ConsumerStep => ({ kind, away: random.between(0, 1000) }),
    anyFailpoint: () => random.pick(failpoints),
    anyStop: () => random.pick(stops),
    anyFault: () => random.pick(faults),
  }
}

const drawn = (random: Dice, options: ConsumerPlanOptions): ConsumerStep => {
  const make = makers(random, options)
  if (options.faults.length > 0 && random.chance(0.12)) return make.outage(make.anyFault())
  if (options.failpoints.length > 0 && random.chance(0.4)) return make.killAt(make.anyFailpoint())
  if (options.stops.length > 0 && random.chance(0.3)) return make.freezeAt(make.anyStop())
  return random.pick([make.kill, make.leave, make.freeze])()
}

const shuffled = <T>(random: Dice, values: readonly T[]): T[] => {
  const left = [...values]
  return values.flatMap(() => left.splice(random.between(0, left.length - 1), 1))
}

/** Everything once, as far as there are steps, and whatever the dice say for the rest. */
export const consumerPlan = (random: Dice, options: ConsumerPlanOptions): readonly ConsumerStep[] => {
  const make = makers(random, options)
  const sure = [
    ...options.faults.map(make.outage),
    ...options.stops.map(make.freezeAt),
    ...shuffled(random, options.failpoints).map(make.killAt),
    ...[make.kill, make.leave, make.freeze].map((one) => one()),
  ].slice(0, options.steps)
  const rest = Array.from({ length: options.steps - sure.length }, () => drawn(random, options))
  return shuffled(random, [...sure, ...rest])
}

/** What the tally calls a step. */
export const stepName = (step: ConsumerStep): string => {
  if (step.kind === 'failpoint') return step.name
  return step.kind === 'zombie at' ? `zombie at ${step.name}` : step.kind
}
