import { setTimeout as wait } from 'node:timers/promises'
import { append } from '../../../src/log/append.ts'
import { newId } from '../../../src/message/new-id.ts'
import type { Database } from '../../../src/postgres/database.ts'
import { migrate } from '../../../src/postgres/migrate.ts'
import { pgDatabase } from '../../../src/postgres/pg-database.ts'
import type { Bench, Benchmark, Result } from '../benchmark.ts'
import { percentile, round } from '../figures.ts'
import { microseconds } from '../latency/clock.ts'
import { freshName } from '../relay/drain.ts'
import { startInstance } from './instance.ts'

/** Pairs of instances, each with a relay of its own, that run beside each other to save time. */
const pairs = 5
const perSecond = 50

/** Events all the time, so that whoever leads has something to publish. */
const write = async (database: Database, stop: AbortSignal): Promise<void> => {
  const newEvent = () => ({
    ...{ id: newId(), type: 'order.created', version: 1, aggregate: 'order', aggregateId: newId() },
    ...{ data: { total: '12.50' }, occurredAt: new Date(), metadata: {} },
  })
  while (!stop.aborted) {
    await database.pipeline((tx) => [append(tx, [newEvent()])])
    await wait(1000 / perSecond)
  }
}

/** Kills whoever leads, again and again; milliseconds until the other one has committed its first transaction. */
const runPair = async (bench: Bench, runs: number, found: number[]): Promise<void> => {
  const { tsx, servers } = bench
  const { databaseUrl, brokers } = servers
  const name = await freshName(bench, 'handover')
  const schema = name.replaceAll('-', '_')
  const database = pgDatabase({ url: databaseUrl, schema, max: 2 })
  await migrate(database)
  const input = { databaseUrl, schema, brokers, name, topic: name, delivery: 'exactly-once' } as const
  const stop = new AbortController()
  const writing = write(database, stop.signal)
  let leader = startInstance(input, tsx)
  await leader.committedAfter(0)
  try {
    for (let run = 0; run < runs; run += 1) {
      const standby = startInstance(input, tsx)
      await wait(1000 + Math.random() * 1500)
      const killedAt = microseconds()
      const takenOver = standby.committedAfter(killedAt)
      await leader.kill()
      found.push(((await takenOver) - killedAt) / 1000)
      bench.say(`handover ${found.length}: ${round(found.at(-1) ?? 0)} ms`)
      leader = standby
    }
  } finally {
    stop.abort()
    await writing
    await leader.kill()
    await database.close()
  }
}

const measure = async (bench: Bench): Promise<Result> => {
  const total = bench.rounds ?? (bench.quick ? 10 : 50)
  const found: number[] = []
  const runs = Math.ceil(total / pairs)
  await Promise.all(Array.from({ length: pairs }, () => runPair(bench, runs, found)))
  const sorted = [...found].sort((a, b) => a - b)
  const [p50, p99, max] = [percentile(sorted, 0.5), percentile(sorted, 0.99), sorted.at(-1) ?? Number.NaN]
  return {
    conditions: {
      handovers: `${found.length}, in ${pairs} pairs beside each other, leases of 5 s, exactly once`,
      measured: 'from SIGKILL of the leader to the first Kafka commit of the standby',
    },
    tables: [
      {
        title: 'Milliseconds until the standby publishes',
        columns: ['p50', 'p99', 'max'],
        rows: [[p50, p99, max]],
      },
    ],
    metrics: { p50_ms: p50, p99_ms: p99, max_ms: max },
    rounds: found,
  }
}

export const handover: Benchmark = {
  name: 'handover',
  about: 'milliseconds from killing the leader to the first commit of the standby, 50 times',
  needsKafka: true,
  measure,
}
