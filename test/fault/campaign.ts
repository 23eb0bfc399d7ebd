import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import { failpoints } from '../../src/lifecycle/failpoint.ts'
import { type History, type HistoryEvent, judge, type Verdict } from '../../src/testing/history.ts'
import { plan, type Step } from './plan.ts'
import { readRecords } from './read-records.ts'
import { type RelayChild, type RelaySettings, type RelaySourceName, startRelayChild } from './relay-child.ts'
import { type Dice, dice } from './seed.ts'
import { type ServerFault, strike } from './server-faults.ts'
import { type Servers, startServers } from './servers.ts'
import { startWriters, type Writers } from './writers.ts'

/** Those that a relay of a source passes. */
export const failpointsOf = (source: RelaySourceName): readonly string[] =>
  failpoints.filter(
    (name) => name.startsWith('relay.') && (source === 'wal' || !/wal|slot|refill/.test(name)),
  )

export const serverFaultsOf = (source: RelaySourceName): readonly ServerFault[] =>
  source === 'wal' ? ['postgres', 'broker', 'walsender', 'slot'] : ['postgres', 'broker']

export interface CampaignOptions {
  readonly seed: number
  readonly kills: number
  readonly delivery?: RelaySettings['delivery']
  /** Default: table. */
  readonly source?: RelaySourceName
  /** The tree the relay runs; default: src. */
  readonly tree?: string
  /** Failpoints to kill at; default: all that the source passes. Random instants come beside them. */
  readonly failpoints?: readonly string[]
  /** What happens to the servers meanwhile; default: everything that the source can meet. */
  readonly faults?: readonly ServerFault[]
}

export interface CampaignReport {
  readonly verdict: Verdict
  readonly events: number
  readonly records: number
  /** Records that a refill marked. */
  readonly refilled: number
  /**
   * How often each failpoint, `random`, or the fault of a server was met: a campaign whose faults never hit proves
   * nothing.
   */
  readonly hits: Readonly<Record<string, number>>
}

interface Stage {
  readonly servers: Servers
  readonly settings: RelaySettings
  readonly random: Dice
}

const endSql = 'select coalesce(max(position), 0)::text as position from onewrite.events'

const checkpointSql = `select position >= $1::bigint as done from onewrite.checkpoints where name = 'relay/fault'`

/** Resolves once the log up to its present end was published; the copy of the checkpoint in PostgreSQL says when. */
const caughtUp = async ({ servers: { database } }: Stage, child: RelayChild): Promise<void> => {
  const end = (await database.query<{ position: string }>(endSql)).rows[0]?.position
  const done = async (): Promise<boolean> =>
    (await database.query<{ done: boolean }>(checkpointSql, [end])).rows[0]?.done ?? false
  await expect
    .poll(done, {
      timeout: 120_000,
      interval: 50,
      message: `position ${end} was not reached: ${child.output()}`,
    })
    .toBe(true)
}

/** The relay has to come through by itself: only after it published what was recorded since is it killed. */
const comeThrough = async (stage: Stage, child: RelayChild, fault: ServerFault, after: number) => {
  await child.leading
  await wait(after)
  await strike(stage.servers, fault, stage.random)
  await caughtUp(stage, child)
}

/** Lets one relay run into its end; returns what it met. */
const runUntilKilled = async (stage: Stage, step: Step): Promise<string> => {
  const armed = step.kind === 'failpoint' ? `${step.name}=kill@${step.passage}` : ''
  const child = startRelayChild(stage.settings, armed)
  try {
    await child.started
    if (step.kind === 'server') await comeThrough(stage, child, step.fault, step.after)
    else await Promise.race([child.ended, wait(step.kind === 'random' ? step.after : 8000)])
    if (child.hasEnded()) return step.kind === 'failpoint' ? step.name : 'early'
    return step.kind === 'server' ? step.fault : 'random'
  } finally {
    await child.kill()
  }
}

const eventsSql = `
  select id::text, aggregate_id as key, sequence::float8 as sequence, position::text from onewrite.events`

type EventRow = Omit<HistoryEvent, 'position'> & { readonly position: string }

/**
 * A relay without faults brings the log to its end. It has to lead first: the transaction that the last kill left open
 * would hold back readers until it times out.
 */
const finish = async (stage: Stage): Promise<Pick<History, 'events' | 'records' | 'refills'>> => {
  const { servers, settings } = stage
  const child = startRelayChild(settings)
  try {
    await child.leading
    await caughtUp(stage, child)
    await child.stop()
    const { rows } = await servers.database.query<EventRow>(eventsSql)
    const events = rows.map((row) => ({ ...row, position: BigInt(row.position) }))
    return { events, records: await readRecords(servers.kafka.brokers, settings.topic), refills: [] }
  } finally {
    await child.kill()
  }
}

const runSteps = async (stage: Stage, options: CampaignOptions, writers: Writers) => {
  const { kills, source = 'table' } = options
  const { failpoints: places = failpointsOf(source), faults = serverFaultsOf(source) } = options
  const hits: Record<string, number> = {}
  for (const step of plan(stage.random, { kills, failpoints: places, faults })) {
    const hit = await runUntilKilled(stage, step)
    hits[hit] = (hits[hit] ?? 0) + 1
  }
  await writers.stop()
  return hits
}

/** Sixteen writers, a relay that is killed again and again, servers that fail meanwhile; then the verdict. */
export const runCampaign = async (options: CampaignOptions): Promise<CampaignReport> => {
  const { seed, delivery = 'exactly-once', source = 'table', tree } = options
  const servers = await startServers()
  try {
    const settings: RelaySettings = {
      databaseUrl: servers.postgres.url,
      brokers: servers.kafka.brokers,
      topic: `fault-${seed}`,
      delivery,
      source,
      ...(tree === undefined ? {} : { tree }),
    }
    const stage: Stage = { servers, settings, random: dice(seed) }
    const writers = await startWriters(servers.database, 16, seed)
    const hits = await runSteps(stage, options, writers)
    const found = await finish(stage)
    return {
      verdict: judge({ ...found, ...writers.history }),
      events: found.events.length,
      records: found.records.length,
      refilled: found.records.filter(({ refill }) => refill !== undefined).length,
      hits,
    }
  } finally {
    await servers.close()
  }
}
