import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import { type Build, theConsumer } from './build.ts'
import { type ConsumerChild, startConsumerChild } from './consumer-child.ts'
import { settledDown } from './consumer-findings.ts'
import { came, tokensOf } from './consumer-fleet.ts'
import { type ConsumerStage, openStage } from './consumer-stage.ts'
import { buildKnownBadConsumer } from './known-bad.ts'
import { seedOf } from './seed.ts'
import { type Servers, startServers } from './servers.ts'
import { type StepWriter, startStepWriter } from './step-writer.ts'

let servers: Servers

beforeAll(async () => {
  servers = await startServers()
})

afterAll(() => servers.close())

interface Play extends ConsumerStage {
  readonly writer: StepWriter
  start(consumer: string): ConsumerChild
}

/** Lets something happen while steps are written, and clears it all away. */
const playing = async <Found>(
  name: string,
  build: Build,
  happen: (play: Play) => Promise<Found>,
): Promise<Found> => {
  const stage = await openStage({ servers, name, transport: 'kafka', build })
  const { settings, sink } = stage
  const seed = seedOf()
  console.log(`seed ${seed}`)
  const writer = startStepWriter({ seed, topic: settings.topic, sink, most: 20 })
  const children: ConsumerChild[] = []
  const start = (consumer: string): ConsumerChild => {
    const child = startConsumerChild({ ...settings, consumer, handlerTimeout: 60_000 })
    children.push(child)
    return child
  }
  try {
    return await happen({ ...stage, writer, start })
  } finally {
    await Promise.all(children.map((child) => child.kill()))
    await writer.stop()
    await stage.close()
  }
}

const dealtWithSql = `
  select event_id as id from effects where instance like $1 || '/%'
  union select event_id from onewrite.dead_letters where reader = 'consumer/' || $1`

const missedBy = async (database: Database, { written }: StepWriter, consumer: string): Promise<string[]> => {
  const { rows } = await database.query<{ id: string }>(dealtWithSql, [consumer])
  const dealtWith = new Set(rows.map(({ id }) => id))
  return written.map(({ id }) => id).filter((id) => !dealtWith.has(id))
}

/** Events that one of two consumers of the same topic has not dealt with. */
const missedByTwo = (name: string, build: Build): Promise<number> =>
  playing(name, build, async ({ database, writer, start }) => {
    const consumers = [`${name}_first`, `${name}_second`]
    for (const consumer of consumers) start(consumer)
    await expect.poll(() => writer.written.length, { timeout: 60_000 }).toBeGreaterThan(300)
    await writer.stop()
    const missed = async (): Promise<number> => {
      const each = await Promise.all(consumers.map((consumer) => missedBy(database, writer, consumer)))
      return each.flat().length
    }
    await settledDown(database, 15_000, async () => (await missed()) === 0)
    return missed()
  })

const effectsSql = 'select count(*)::int as effects from effects where instance = $1'

const openSql = `
  select 1 from pg_stat_activity where application_name = 'consumer ' || $1 and xact_start is not null`

/** Effects that an instance has committed after its partitions were taken by another one. */
const effectsOfZombie = (name: string, build: Build): Promise<number> =>
  playing(name, build, async ({ database, start }) => {
    const zombie = start(name)
    const other = start(name)
    const effects = async (): Promise<number> => {
      const { rows } = await database.query<{ effects: number }>(effectsSql, [`${name}/${zombie.pid}`])
      return rows[0]?.effects ?? 0
    }
    const has = ({ partitions }: ConsumerChild) => partitions.size > 0
    expect(await came(() => has(zombie) && has(other)), zombie.output()).toBe(true)
    await zombie.arm('consumer.handled=stop')
    expect(await came(() => zombie.isFrozen())).toBe(true)
    const before = await tokensOf(database, name)
    const isTaken = async (): Promise<boolean> => {
      const now = await tokensOf(database, name)
      return [...zombie.partitions].every((partition) => now.get(partition) !== before.get(partition))
    }
    expect(await came(isTaken), other.output()).toBe(true)
    const committed = await effects()
    zombie.thaw()
    const isOver = async () => (await database.query(openSql, [String(zombie.pid)])).rowCount === 0
    expect(await came(isOver)).toBe(true)
    await zombie.kill()
    return (await effects()) - committed
  })

describe('two consumers of one topic', () => {
  it('each handle every event', { timeout: 180_000 }, async () => {
    expect(await missedByTwo('pair', theConsumer())).toBe(0)
  })

  it('swallow events of each other where the inbox goes by the event alone', {
    timeout: 180_000,
  }, async () => {
    const build = buildKnownBadConsumer({
      name: 'tells events by their id alone',
      changes: [{ file: 'consumer/inbox/mark.ts', find: '[consumer, [', replace: '[0, [' }],
    })
    expect(await missedByTwo('bad_pair', build)).toBeGreaterThan(0)
  })
})

describe('an instance that slept while another took its partitions', () => {
  it('commits nothing of what it had begun', { timeout: 180_000 }, async () => {
    expect(await effectsOfZombie('zombie', theConsumer())).toBe(0)
  })

  it('is convicted where the token is not asked for', { timeout: 180_000 }, async () => {
    const build = buildKnownBadConsumer({
      name: 'does not ask whether it still owns the partitions',
      changes: [
        {
          file: 'consumer/partition/ownership.ts',
          find: 'owned.find(({ name, token }) => tokens.get(name) !== token)',
          replace: 'owned.find(() => false)',
        },
      ],
    })
    let found = 0
    // A transaction that slept may be given up for having taken long before it comes to its COMMIT.
    for (let night = 1; night <= 6 && found === 0; night++) {
      found = await effectsOfZombie(`bad_zombie_${night}`, build)
    }
    expect(found).toBeGreaterThan(0)
  })
})
