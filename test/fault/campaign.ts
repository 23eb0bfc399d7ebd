import { setTimeout as wait } from 'node:timers/promises'
import { failpoints } from '../../src/lifecycle/failpoint.ts'
import type { SourceName } from '../../src/service/service-options.ts'
import { judge, type Verdict } from '../../src/testing/history.ts'
import type { Build } from './build.ts'
import { caughtUp } from './caught-up.ts'
import { plan, type ServerStep, type Step } from './plan.ts'
import { readHistory } from './read-history.ts'
import { type RelayChild, type RelaySettings, startRelayChild } from './relay-child.ts'
import { type Dice, dice } from './seed.ts'
import { readsWal, type ServerFault, strike } from './server-faults.ts'
import { type Servers, startServers } from './servers.ts'
import { startWriters, type Writers } from './writers.ts'

/** Those that a relay of a source passes. */
export const failpointsOf = (source: SourceName): readonly string[] =>
  failpoints.filter(
    (name) => name.startsWith('relay.') && (source === 'wal' || !/wal|slot|refill/.test(name)),
  )

export const serverFaultsOf = (source: SourceName): readonly ServerFault[] =>
  source === 'wal' ? ['postgres', 'broker', 'walsender', 'slot'] : ['postgres', 'broker']

export interface CampaignOptions {
  readonly seed: number
  readonly kills: number
  readonly delivery?: RelaySettings['delivery']
  /** Default: table. */
  readonly source?: SourceName
  /** What the relay runs; default: src as it is. */
  readonly build?: Build
  /** Failpoints to kill at; default: all that the source passes. Random instants come beside them. */
  readonly failpoints?: readonly string[]
  /** Whether the writers commit at the same moments. Default false. */
  readonly together?: boolean
  /** What happens to the servers meanwhile; default: everything that the source can meet. */
  readonly faults?: readonly ServerFault[]
}

export interface CampaignReport {
  readonly verdict: Verdict
  readonly events: number
  readonly records: number
  /** Records that a refill marked. */
  readonly marked: number
  readonly refills: number
  /**
   * How often each failpoint, `random`, or the fault of a server was met: a campaign whose faults never hit proves
   * nothing.
   */
  readonly hits: Readonly<Record<string, number>>
}

interface Stage {
  readonly servers: Servers
  readonly settings: RelaySettings & { readonly relay: string }
  readonly random: Dice
}

/** A relay that is not killed in between has to come through by itself, up to what was recorded since. */
const meet = async (stage: Stage, child: RelayChild, step: ServerStep): Promise<void> => {
  const { servers, settings, random } = stage
  await child.leading
  await caughtUp(servers.database, child, settings.relay)
  await wait(step.after)
  await strike(servers, settings.relay, step.fault, random)
  if (step.killedAfter === undefined) await caughtUp(servers.database, child, settings.relay)
  else await wait(step.killedAfter)
}

/** Lets one relay run into its end; returns what it met. */
const runUntilKilled = async (stage: Stage, step: Step): Promise<string> => {
  const armed = step.kind === 'failpoint' ? `${step.name}=kill@${step.passage}` : ''
  const child = startRelayChild(stage.settings, armed)
  try {
    await child.started
    if (step.kind === 'server') await meet(stage, child, step)
    else await Promise.race([child.ended, wait(step.kind === 'random' ? step.after : 8000)])
    if (child.hasEnded()) return step.kind === 'failpoint' ? step.name : 'early'
    if (step.kind !== 'server') return 'random'
    return step.killedAfter === undefined ? step.fault : `${step.fault}, then a kill`
  } finally {
    await child.kill()
  }
}

/**
 * A relay without faults brings the log to its end. It has to lead first: the transaction that the last kill left open
 * would hold back readers until it times out.
 */
const finish = async ({ servers: { database }, settings }: Stage, writers: Writers) => {
  const child = startRelayChild(settings)
  try {
    await child.leading
    await writers.stop()
    await caughtUp(database, child, settings.relay)
    await child.stop()
    return await readHistory({ database, ...settings })
  } finally {
    await child.kill()
  }
}

/** On its way into the write-ahead log a relay depends on the table alone: no fault of the slot would hurt it. */
const enterWal = async ({ servers: { database }, settings }: Stage): Promise<void> => {
  const child = startRelayChild(settings)
  try {
    await readsWal(database, settings.relay)
  } finally {
    await child.kill()
  }
}

const runSteps = async (stage: Stage, options: CampaignOptions) => {
  const { kills, source = 'table' } = options
  const { failpoints: places = failpointsOf(source), faults = serverFaultsOf(source) } = options
  const hits: Record<string, number> = {}
  if (source === 'wal') await enterWal(stage)
  for (const step of plan(stage.random, { kills, failpoints: places, faults })) {
    const hit = await runUntilKilled(stage, step)
    hits[hit] = (hits[hit] ?? 0) + 1
  }
  return hits
}

/** A campaign on servers that are there; the relay and its topic are named after `relay`. */
export const runCampaignOn = async (
  servers: Servers,
  relay: string,
  options: CampaignOptions,
): Promise<CampaignReport> => {
  const { seed, delivery = 'exactly-once', source = 'table', together = false, build } = options
  const settings: Stage['settings'] = {
    databaseUrl: servers.postgres.url,
    brokers: servers.kafka.brokers,
    topic: relay,
    relay,
    delivery,
    source,
    ...(build === undefined ? {} : { build }),
  }
  const stage: Stage = { servers, settings, random: dice(seed) }
  const writers = await startWriters(servers.database, { count: 16, seed, together })
  try {
    const hits = await runSteps(stage, options)
    const found = await finish(stage, writers)
    return {
      verdict: judge({ ...found, ...writers.history }),
      events: found.events.length,
      records: found.records.length,
      marked: found.records.filter(({ refill }) => refill !== undefined).length,
      refills: found.refills.length,
      hits,
    }
  } finally {
    await writers.stop()
  }
}

/** Sixteen writers, a relay that is killed again and again, servers that fail meanwhile; then the verdict. */
export const runCampaign = async (options: CampaignOptions): Promise<CampaignReport> => {
  const servers = await startServers()
  try {
    return await runCampaignOn(servers, 'fault', options)
  } finally {
    await servers.close()
  }
}
