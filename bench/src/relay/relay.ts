import { fileURLToPath } from 'node:url'
import { relayDefaults } from '../../../src/relay/relay.ts'
import { pageDefaults } from '../../../src/relay/table-source.ts'
import type { Bench, Benchmark, Result, Table } from '../benchmark.ts'
import { median, round, spread } from '../figures.ts'
import { drain, partitions, produceAlone, type Rate, readAlone } from './drain.ts'
import { type Backlog, seed } from './seed.ts'

interface Round {
  readonly read: Rate
  readonly produce: Rate
  readonly relay: Rate
  readonly memory: number
  readonly waits: { readonly read: number; readonly send: number; readonly commit: number }
}

const profileOptions = [
  '--cpu-prof',
  `--cpu-prof-dir=${fileURLToPath(new URL('../../dist', import.meta.url))}`,
]

/** Each side once; which comes first changes from round to round, so that a drift favours none. */
const measureRound = async (bench: Bench, backlog: Backlog, index: number): Promise<Round> => {
  const found: Partial<Record<'read' | 'produce', Rate>> = {}
  let relay: Awaited<ReturnType<typeof drain>> | undefined
  const sides = [
    async () => {
      found.read = (await readAlone(bench, backlog)).rate
    },
    async () => {
      found.produce = (await produceAlone(bench, backlog)).rate
    },
    async () => {
      relay = await drain(bench, backlog, {}, bench.profile && index === 0 ? profileOptions : [])
    },
  ]
  for (let step = 0; step < sides.length; step += 1) await sides[(index + step) % sides.length]?.()
  const { read, produce } = found
  if (read === undefined || produce === undefined || relay === undefined) throw new Error('a side is missing')
  return { read, produce, relay: relay.rate, memory: relay.memory, waits: relay.waits }
}

const ratioOf = ({ read, produce, relay }: Round): number =>
  relay.perSecond / Math.min(read.perSecond, produce.perSecond)

const rateTable = (rounds: readonly Round[], events: number): Table => {
  const row = (name: string, rates: readonly Rate[]) => {
    const cpu = (what: keyof Rate['cpu']): number =>
      (median(rates.map((rate) => rate.cpu[what])) / events) * 1_000_000
    return [
      name,
      spread(rates.map(({ perSecond }) => perSecond)),
      median(rates.map(({ seconds }) => seconds)),
      cpu('node'),
      cpu('postgres'),
      cpu('broker'),
    ]
  }
  return {
    title: `Drain of ${events.toLocaleString('en')} events, exactly-once`,
    columns: ['side', 'events/s (least-most)', 's', 'CPU us/event node', 'PostgreSQL', 'broker'],
    rows: [
      row(
        'relay',
        rounds.map(({ relay }) => relay),
      ),
      row(
        'limit: read alone',
        rounds.map(({ read }) => read),
      ),
      row(
        'limit: produce alone',
        rounds.map(({ produce }) => produce),
      ),
    ],
  }
}

const waitTable = (rounds: readonly Round[]): Table => ({
  title: 'Where the relay waited, seconds of wall time (reading overlaps with the rest)',
  columns: ['read', 'send', 'commit', 'whole drain'],
  rows: [
    [
      ...(['read', 'send', 'commit'] as const).map((what) => median(rounds.map(({ waits }) => waits[what]))),
      median(rounds.map(({ relay }) => relay.seconds)),
    ],
  ],
})

interface Memory {
  readonly backlog: string
  readonly megabytes: number
}

const memoryTable = (rows: readonly Memory[]): Table => ({
  title: 'Peak memory of the relay process (resident)',
  columns: ['backlog', 'MiB'],
  rows: rows.map(({ backlog, megabytes }) => [backlog, megabytes]),
})

const measureMemory = async (
  bench: Bench,
  one: Backlog,
  whole: Backlog,
  rounds: readonly Round[],
): Promise<Memory[]> => {
  const small = { ...whole, schema: 'bench_small', events: whole.events / 10 }
  const rows: Memory[] = []
  for (const backlog of [small, one]) {
    bench.say(`memory with ${backlog.events.toLocaleString('en')} events in units of ${backlog.unit}`)
    await seed(backlog)
    const { memory } = await drain(bench, backlog)
    const unit = backlog.unit === 1 ? '' : ', one transaction'
    rows.push({ backlog: `${backlog.events.toLocaleString('en')} events${unit}`, megabytes: memory })
  }
  const largest = Math.max(...rounds.map(({ memory }) => memory))
  const name = `${whole.events.toLocaleString('en')} events, worst of ${rounds.length}`
  return [{ backlog: name, megabytes: largest }, ...rows]
}

/**
 * A broker that has just started is still compiling itself: it spent 27 us of CPU an event in the first drain and 5 in
 * the third, and what was measured first would have looked slowest.
 */
const warmUp = async (bench: Bench, backlog: Backlog): Promise<void> => {
  await produceAlone(bench, backlog)
  await drain(bench, backlog)
  if (!bench.quick) await produceAlone(bench, backlog)
}

const measure = async (bench: Bench): Promise<Result> => {
  const events = bench.events ?? (bench.quick ? 100_000 : 500_000)
  const rounds = bench.rounds ?? (bench.quick ? 1 : 3)
  const base = { databaseUrl: bench.servers.databaseUrl, aggregates: 1_000, events, unit: 1 }
  const backlog = { ...base, schema: 'bench_whole' }
  bench.say(`seeding ${events.toLocaleString('en')} events`)
  const { payloadBytes } = await seed(backlog)
  bench.say('warming up the broker')
  await warmUp(bench, backlog)
  const found: Round[] = []
  for (let index = 0; index < rounds; index += 1) {
    const one = await measureRound(bench, backlog, index)
    found.push(one)
    const { relay, read, produce } = one
    const rates = [relay, read, produce].map(({ perSecond }) => round(perSecond).toLocaleString('en'))
    bench.say(
      `round ${index + 1} of ${rounds}: relay ${rates[0]}/s, read ${rates[1]}/s, produce ${rates[2]}/s`,
    )
  }
  const single = { ...base, schema: 'bench_single', events: 100_000, unit: 100_000, aggregates: 1_000 }
  const memory = await measureMemory(bench, single, backlog, found)
  return {
    conditions: {
      backlog: `${events} events, ${payloadBytes} bytes of payload, 1000 aggregates, one event a transaction`,
      settings: `pages of ${pageDefaults.events}, Kafka transactions of ${relayDefaults.settleAfter}, ${partitions} partitions`,
      rounds: `${rounds}, sides interleaved, medians`,
    },
    tables: [rateTable(found, events), waitTable(found), memoryTable(memory)],
    metrics: {
      relay_per_s: median(found.map(({ relay }) => relay.perSecond)),
      read_per_s: median(found.map(({ read }) => read.perSecond)),
      produce_per_s: median(found.map(({ produce }) => produce.perSecond)),
      ratio: median(found.map(ratioOf)),
      memory_whole_mib: memory[0]?.megabytes ?? Number.NaN,
      memory_tenth_mib: memory[1]?.megabytes ?? Number.NaN,
      memory_one_transaction_mib: memory[2]?.megabytes ?? Number.NaN,
    },
    rounds: found,
  }
}

export const relay: Benchmark = {
  name: 'relay',
  about: 'drain of a backlog from the table to Kafka, beside reading alone and producing alone',
  needsKafka: true,
  measure,
}
