import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import { failpoints } from '../../src/lifecycle/failpoint.ts'
import { type Embedded, embedded } from '../../src/postgres/embedded.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { type HistoryEvent, judge, type Verdict } from '../../src/testing/history.ts'
import { type Kafka, startKafka } from '../../stack/src/kafka.ts'
import { readRecords } from './read-records.ts'
import { type RelayChild, type RelaySettings, startRelayChild } from './relay-child.ts'
import { type Dice, dice } from './seed.ts'
import { startWriters, type Writers } from './writers.ts'

const relayFailpoints = failpoints.filter((name) => name.startsWith('relay.'))

export interface CampaignOptions {
  readonly seed: number
  readonly kills: number
  readonly delivery?: RelaySettings['delivery']
  /** The tree the relay runs; default: src. */
  readonly source?: string
  /** Failpoints to kill at; default: all of the relay's, and random instants. */
  readonly failpoints?: readonly string[]
  /** Kill and restart the broker and PostgreSQL in between. Default true. */
  readonly restarts?: boolean
}

export interface CampaignReport {
  readonly verdict: Verdict
  readonly events: number
  readonly records: number
  /** How often each failpoint, or `random`, ended a relay: a campaign whose faults never hit proves nothing. */
  readonly hits: Readonly<Record<string, number>>
  readonly restarts: number
}

interface Stage {
  readonly postgres: Embedded
  readonly kafka: Kafka
  readonly settings: RelaySettings
  readonly random: Dice
}

/** Lets one relay run into its fault; returns what ended it. */
const runUntilKilled = async (
  { settings, random }: Stage,
  failpoints: readonly string[],
): Promise<string> => {
  const failpoint = random.chance(0.7) ? random.pick(failpoints) : undefined
  const passage = failpoint === 'relay.led' || failpoint === 'relay.opened' ? 1 : random.between(1, 12)
  const child = startRelayChild(settings, failpoint === undefined ? '' : `${failpoint}=kill@${passage}`)
  await child.started
  if (failpoint === undefined) await wait(random.between(0, 1500))
  else await Promise.race([child.ended, wait(8000)])
  const hit = child.hasEnded() ? (failpoint ?? 'early') : 'random'
  await child.kill()
  return hit
}

/**
 * PostgreSQL is killed. The broker is stopped in an orderly way: a lone Kafka 4.3.1 that is killed between the decision
 * of a transaction and its markers can leave it open for ever (KAFKA-20734), and then nobody can read past it.
 */
const restartServer = async ({ postgres, kafka, random }: Stage): Promise<void> => {
  if (random.chance(0.5)) {
    await postgres.kill()
    await postgres.start()
  } else {
    await kafka.stop()
    await kafka.start()
  }
}

const eventsSql = `select id::text, aggregate_id as key, sequence::float8 as sequence from onewrite.events`

const checkpointSql = `
  select coalesce((select position from onewrite.checkpoints where name = 'relay/fault'), 0)
    >= coalesce((select max(position) from onewrite.events), 0) as done`

/**
 * A relay without faults brings the log to its end; the copy of its checkpoint in PostgreSQL says when. It has to lead
 * first: the transaction that the last kill left open would hold back readers until it times out.
 */
const finish = async ({ postgres, settings }: Stage): Promise<readonly HistoryEvent[]> => {
  const database = pgDatabase({ url: postgres.url })
  const child: RelayChild = startRelayChild({ ...settings })
  try {
    await child.leading
    await expect
      .poll(async () => (await database.query<{ done: boolean }>(checkpointSql)).rows[0]?.done, {
        timeout: 120_000,
        interval: 100,
        message: `the last relay did not reach the end of the log: ${child.output()}`,
      })
      .toBe(true)
    await child.stop()
    return (await database.query<HistoryEvent>(eventsSql)).rows
  } finally {
    await child.kill()
    await database.close()
  }
}

const campaign = async (stage: Stage, options: CampaignOptions, writers: Writers) => {
  const { random } = stage
  const { kills, restarts: withRestarts = true, failpoints: places = relayFailpoints } = options
  const restartAfter = new Set(withRestarts ? [Math.floor(kills / 3), Math.floor((2 * kills) / 3)] : [])
  const hits: Record<string, number> = {}
  for (let kill = 0; kill < kills; kill += 1) {
    const hit = await runUntilKilled(stage, places)
    hits[hit] = (hits[hit] ?? 0) + 1
    if (restartAfter.has(kill) || (withRestarts && random.chance(0.05))) {
      await restartServer(stage)
      hits['restart'] = (hits['restart'] ?? 0) + 1
    }
  }
  await writers.stop()
  return hits
}

/** Sixteen writers, a relay that is killed again and again, servers that fail in between; then the verdict. */
export const runCampaign = async (options: CampaignOptions): Promise<CampaignReport> => {
  const { seed, delivery = 'exactly-once', source } = options
  // A folder that mkdtemp makes is closed to the account that runs PostgreSQL for root.
  const folder = join(tmpdir(), `onewrite-fault-${randomUUID()}`)
  const postgres = embedded({ directory: folder })
  const [kafka] = await Promise.all([startKafka(), postgres.start()])
  const database = pgDatabase({ url: postgres.url, max: 20 })
  try {
    await migrate(database)
    const topic = `fault-${seed}`
    const settings: RelaySettings = {
      databaseUrl: postgres.url,
      brokers: kafka.brokers,
      topic,
      delivery,
      ...(source === undefined ? {} : { source }),
    }
    const stage: Stage = { postgres, kafka, settings, random: dice(seed) }
    const writers = await startWriters(database, 16, seed)
    const hits = await campaign(stage, options, writers)
    const events = await finish(stage)
    const records = await readRecords(kafka.brokers, topic)
    const verdict = judge({ events, records, ...writers.history })
    return { verdict, events: events.length, records: records.length, hits, restarts: hits['restart'] ?? 0 }
  } finally {
    await database.close()
    await Promise.all([postgres.stop(), kafka.close()])
    await rm(folder, { recursive: true, force: true })
  }
}
