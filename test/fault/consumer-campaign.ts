import { setTimeout as wait } from 'node:timers/promises'
import type { Build } from './build.ts'
import {
  awaitEnd,
  awaitStandstill,
  type Ending,
  readCaused,
  readEffects,
  readPlaced,
} from './consumer-findings.ts'
import { type Fleet, startFleet } from './consumer-fleet.ts'
import {
  type ConsumerHistory,
  type ConsumerVerdict,
  judgeConsumer,
  type Standstill,
} from './consumer-history.ts'
import { type ConsumerPlanOptions, type ConsumerStep, consumerPlan, stepName } from './consumer-plan.ts'
import { type ConsumerStage, openStage } from './consumer-stage.ts'
import { startWatch, type Tally, type Watch } from './consumer-watch.ts'
import { type Operator, startOperator } from './operator.ts'
import { dice } from './seed.ts'
import { takeAway } from './server-faults.ts'
import type { Servers } from './servers.ts'
import { keptWalk, type StepWriter, startStepWriter } from './step-writer.ts'

export interface ConsumerCampaign extends Partial<ConsumerPlanOptions> {
  readonly seed: number
  /** Of the consumer, its topic and its database: another one for each campaign on the same servers. */
  readonly name: string
  /** How many faults come one after the other. */
  readonly steps: number
  /** Events that are written about ten times a second, at most. Default 20. */
  readonly perCall?: number
  /** Default: kafka. */
  readonly transport?: 'kafka' | 'postgres'
  /** What the instances run; default: src as it is. */
  readonly build?: Build
  /** Milliseconds without any movement after which nothing more is waited for. Default 60,000. */
  readonly patience?: number
  /** Default: end. */
  readonly until?: Until
  /** What happens instead of what a plan says. */
  readonly course?: (cast: Cast) => Promise<Readonly<Record<string, number>>>
}

export interface ConsumerReport {
  readonly verdict: ConsumerVerdict
  readonly events: number
  /** Events that were written once more. */
  readonly repeated: number
  readonly tally: Readonly<Tally>
  readonly parked: number
  readonly redriven: ReturnType<Operator['redriven']>
  /** How often each step did happen. */
  readonly hits: Readonly<Record<string, number>>
  /** Steps that were planned and did not. */
  readonly missed: readonly string[]
  /** What instances printed that ended although nobody had asked them to. */
  readonly early: readonly string[]
  /** Whether all instances left in good order at the end. */
  readonly leftInOrder: boolean
}

/** Those that every consumer passes. */
const everyFailpoint = [
  'consumer.received',
  'consumer.handled',
  'consumer.beforeCommit',
  'consumer.committed',
  'consumer.settled',
  'consumer.parked',
  'consumer.redriven',
]

const meet = async ({ servers }: ConsumerStage, fleet: Fleet, step: ConsumerStep): Promise<boolean> => {
  if (step.kind === 'broker') {
    await takeAway(servers.kafka, step.away)
    return true
  }
  if (step.kind !== 'postgres') return fleet.meet(step)
  await servers.postgres.kill()
  await wait(step.away)
  await servers.postgres.start()
  return true
}

const planOf = (campaign: ConsumerCampaign): readonly ConsumerStep[] => {
  const { seed, transport = 'kafka', steps } = campaign
  return consumerPlan(dice(seed), {
    steps,
    instances: campaign.instances ?? 4,
    failpoints: campaign.failpoints ?? everyFailpoint,
    stops: campaign.stops ?? ['consumer.handled', 'consumer.beforeCommit'],
    faults: campaign.faults ?? (transport === 'kafka' ? ['postgres', 'broker'] : ['postgres']),
  })
}

const runSteps = async (stage: ConsumerStage, fleet: Fleet, campaign: ConsumerCampaign) => {
  const hits: Record<string, number> = {}
  const missed: string[] = []
  for (const step of planOf(campaign)) {
    const name = stepName(step)
    if (await meet(stage, fleet, step)) hits[name] = (hits[name] ?? 0) + 1
    else missed.push(name)
  }
  return { hits, missed }
}

/** Who takes part in a campaign. */
export interface Cast {
  readonly stage: ConsumerStage
  readonly writer: StepWriter
  readonly watch: Watch
  readonly operator: Operator
  readonly fleet: Fleet
}

/** How long is waited before it is judged: not at all, until only poisoned keys wait, or until nothing does. */
export type Until = 'now' | 'standstill' | 'end'

const nothing: Standstill = { poisoned: new Set(), handled: new Set() }

/** What can be said of it so far; whatever is lost or held up may just not be done yet. */
export const judgeNow = async (
  { stage: { database }, writer, watch }: Cast,
  {
    standstill = nothing,
    placed = watch.placed(),
  }: Partial<Pick<ConsumerHistory, 'standstill' | 'placed'>> = {},
): Promise<ConsumerVerdict> => {
  const { written, causing } = writer
  const ids = new Set(written.map(({ id }) => id))
  return judgeConsumer({
    written,
    causing,
    standstill,
    effects: await readEffects(database),
    caused: await readCaused(database),
    placed: placed.filter(({ id }) => ids.has(id)),
    sightings: watch.sightings,
  })
}

const finish = async (cast: Cast, patience: number, until: Until) => {
  const { stage, writer, watch, operator, fleet } = cast
  const { database, settings } = stage
  await writer.stop()
  await operator.stop()
  const ending: Ending = { database, writer, patience, reader: `consumer/${settings.consumer}` }
  const standstill = until === 'now' ? nothing : await awaitStandstill(ending)
  if (until === 'end') await awaitEnd(ending)
  const leftInOrder = until === 'end' && (await fleet.leave())
  await watch.stop()
  const { brokers, topic } = settings
  // All there is, whether or not it was ever handed out.
  const placed = brokers === '' ? watch.placed() : await readPlaced(brokers, topic)
  return { verdict: await judgeNow(cast, { standstill, placed }), leftInOrder }
}

const startCast = (stage: ConsumerStage, { seed, instances = 4, perCall = 20 }: ConsumerCampaign): Cast => {
  const { database, settings, sink } = stage
  const watch = startWatch(database, settings.consumer, 250)
  return {
    stage,
    watch,
    writer: startStepWriter({ seed, topic: settings.topic, sink, most: perCall }),
    operator: startOperator({ database, reader: `consumer/${settings.consumer}`, seed, kept: keptWalk }),
    fleet: startFleet({ settings, database, watch, instances }),
  }
}

/** A writer, an operator, instances to which the plan happens; then the verdict. */
export const runConsumerCampaign = async (
  servers: Servers,
  campaign: ConsumerCampaign,
): Promise<ConsumerReport> => {
  const { name, transport = 'kafka', build, course, patience = 60_000, until = 'end' } = campaign
  const stage = await openStage({ servers, name, transport, ...(build === undefined ? {} : { build }) })
  const cast = startCast(stage, campaign)
  const { writer, watch, operator, fleet } = cast
  try {
    await fleet.ready
    const met = course ? { hits: await course(cast), missed: [] } : await runSteps(stage, fleet, campaign)
    const found = await finish(cast, patience, until)
    return {
      ...met,
      ...found,
      events: writer.written.length,
      repeated: writer.repeated(),
      tally: watch.tally,
      parked: operator.parked.size,
      redriven: operator.redriven(),
      early: fleet.early,
    }
  } finally {
    await fleet.kill()
    await Promise.allSettled([writer.stop(), operator.stop(), watch.stop()])
    await stage.close()
  }
}
