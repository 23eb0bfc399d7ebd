import type { Dice } from './seed.ts'
import type { ServerFault } from './server-faults.ts'

/** A server has a fault, so many milliseconds after the relay caught up. */
export interface ServerStep {
  readonly kind: 'server'
  readonly fault: ServerFault
  readonly after: number
  /** Milliseconds after which the relay is killed although it has not come through. */
  readonly killedAfter?: number
}

/** One life of a relay, which ends with SIGKILL. */
export type Step =
  /** At the nth passage of a failpoint. */
  | { readonly kind: 'failpoint'; readonly name: string; readonly passage: number }
  /** So many milliseconds after it started. */
  | { readonly kind: 'random'; readonly after: number }
  | ServerStep

export interface PlanOptions {
  readonly kills: number
  readonly failpoints: readonly string[]
  readonly faults: readonly ServerFault[]
}

/** A relay passes some once in its life, some about once a second, the others with every transaction. */
const mostPassages = (name: string): number => {
  if (/^relay\.(led|opened)$/.test(name)) return 1
  return name === 'relay.checkpointed' ? 2 : 12
}

const failpointStep = (random: Dice, name: string): Step => ({
  kind: 'failpoint',
  name,
  passage: random.between(1, mostPassages(name)),
})

const drawn = (random: Dice, { failpoints, faults }: PlanOptions): Step => {
  if (faults.length > 0 && random.chance(0.15))
    return random.chance(0.5)
      ? serverStep(random, random.pick(faults))
      : hastyStep(random, random.pick(faults))
  if (random.chance(0.7)) return failpointStep(random, random.pick(failpoints))
  return { kind: 'random', after: random.between(0, 1500) }
}

const serverStep = (random: Dice, fault: ServerFault): Step => ({
  kind: 'server',
  fault,
  after: random.between(0, 400),
})

const hastyStep = (random: Dice, fault: ServerFault): Step => ({
  kind: 'server',
  fault,
  after: random.between(0, 400),
  // A lost slot is noticed, written down and refilled meanwhile.
  killedAfter: random.between(0, 600),
})

const shuffled = <T>(random: Dice, values: readonly T[]): T[] => {
  const left = [...values]
  return values.flatMap(() => left.splice(random.between(0, left.length - 1), 1))
}

/** Each server's fault once, each failpoint once as far as the kills allow, and whatever the dice say for the rest. */
export const plan = (random: Dice, options: PlanOptions): readonly Step[] => {
  const { kills, failpoints, faults } = options
  const sure = [
    ...faults.map((fault) => serverStep(random, fault)),
    ...shuffled(random, failpoints).map((name) => failpointStep(random, name)),
    ...faults.filter((fault) => fault === 'slot').map((fault) => hastyStep(random, fault)),
  ].slice(0, kills)
  const rest = Array.from({ length: kills - sure.length }, () => drawn(random, options))
  return shuffled(random, [...sure, ...rest])
}
