import { hasRedis } from '../../../stack/install/redis.mjs'
import { startRedis } from '../../../test/support/redis.ts'
import type { Bench, Benchmark, Result, Table } from '../benchmark.ts'
import { median, round, spread } from '../figures.ts'
import type { ConsumeFigures } from './consumer-process.ts'
import { keyOf } from './fill.ts'
import {
  type ConsumerSettings,
  consume,
  effectsOf,
  fillAgain,
  hasKafkajs,
  kafkajsLoop,
  loop,
  stage,
} from './sides.ts'

/** Events a second of each side, round by round. */
type Rates = Readonly<Record<string, readonly number[]>>

interface Sizes {
  readonly effects: number
  readonly loop: number
  readonly lanes: number
  readonly redelivered: number
  readonly rounds: number
}

const keys = 1_000
const laneKeys = 100
const handlerWaits = 10

const checked = async (bench: Bench, place: Awaited<ReturnType<typeof stage>>, expected: number) => {
  const found = await effectsOf(bench, place)
  if (found !== expected) throw new Error(`${place.topic}: ${found} effects of ${expected}`)
}

const rateOf = (events: number, { seconds }: ConsumeFigures): number => events / seconds

const ours = async (bench: Bench, events: number, of: number, settings: ConsumerSettings = {}) => {
  const place = await stage(bench, events, of)
  const figures = await consume(bench, place, settings)
  if (settings.poison === undefined) await checked(bench, place, events)
  return { place, figures, rate: rateOf(events, figures) }
}

const loops = async (bench: Bench, events: number, run: typeof loop, serial: boolean): Promise<number> => {
  const place = await stage(bench, events, keys)
  const figures = await run(bench, place, serial)
  await checked(bench, place, events)
  return rateOf(events, figures)
}

/** The same topic once more: the same ids, at other offsets. */
const seenAgain = async (bench: Bench, events: number, settings: ConsumerSettings = {}) => {
  const { place, rate } = await ours(bench, events, keys, settings)
  await fillAgain(bench, place)
  const again = await consume(bench, place, { times: 2, ...settings })
  await checked(bench, place, events)
  return { first: rate, again: rateOf(events, again) }
}

/** The same with a first filter before the inbox. */
const seenAgainByRedis = async (bench: Bench, events: number) => {
  const redis = await startRedis()
  try {
    return await seenAgain(bench, events, { redis: redis.port })
  } finally {
    await redis.stop()
  }
}

type Side = readonly [name: string, run: () => Promise<Readonly<Record<string, number>>>]

const redisSide = (bench: Bench, { redelivered }: Sizes): Side => [
  'seen again by redis',
  async () => {
    const { first, again } = await seenAgainByRedis(bench, redelivered)
    return { first_pass_redis: first, seen_again_redis: again }
  },
]

const sidesOf = (bench: Bench, sizes: Sizes): readonly Side[] => {
  const one = (name: string, run: () => Promise<number>): Side => [
    name,
    async () => ({ [name]: await run() }),
  ]
  const lanes = (concurrency: number) => async () =>
    (await ours(bench, sizes.lanes, laneKeys, { waits: handlerWaits, concurrency })).rate
  const poison = keyOf(0, keys)
  return [
    one('effects', async () => (await ours(bench, sizes.effects, keys)).rate),
    one('loop', () => loops(bench, sizes.loop, loop, true)),
    one('loop_by_partition', () => loops(bench, sizes.loop, loop, false)),
    ...(hasKafkajs() ? [one('kafkajs', () => loops(bench, sizes.loop, kafkajsLoop, true))] : []),
    one('lanes_16', lanes(16)),
    one('lanes_serial', lanes(1)),
    one('quarantined', async () => (await ours(bench, sizes.effects, keys, { poison })).rate),
    [
      'seen again',
      async () => {
        const { first, again } = await seenAgain(bench, sizes.redelivered)
        return { first_pass: first, seen_again: again }
      },
    ],
    ...(hasRedis() ? [redisSide(bench, sizes)] : []),
  ]
}

const measureRounds = async (bench: Bench, sizes: Sizes): Promise<Rates> => {
  const rates: Record<string, number[]> = {}
  const wanted = sidesOf(bench, sizes).filter(([name]) => name.includes(bench.only))
  for (let index = 0; index < sizes.rounds; index += 1) {
    for (let step = 0; step < wanted.length; step += 1) {
      // Which comes first changes from round to round, so that a drift favours none.
      const [name, run] = wanted[(index + step) % wanted.length] ?? []
      if (name === undefined || run === undefined) continue
      const found = await run()
      for (const [side, rate] of Object.entries(found)) {
        const before = rates[side] ?? []
        rates[side] = [...before, rate]
        bench.say(`round ${index + 1} of ${sizes.rounds}: ${side} ${round(rate).toLocaleString('en')}/s`)
      }
    }
  }
  return rates
}

/** One over the other, round by round. */
const ratio = (rates: Rates, above: string, below: string): number => {
  const [of, to] = [rates[above] ?? [], rates[below] ?? []]
  return median(of.map((rate, index) => rate / (to[index] ?? Number.NaN)))
}

const rateTable = (rates: Rates): Table => ({
  title: 'Events a second',
  columns: ['side', 'events/s (least-most)'],
  rows: Object.entries(rates).map(([side, found]) => [side, spread(found)]),
})

const ratios = (rates: Rates) => ({
  to_loop: ratio(rates, 'effects', 'loop'),
  to_loop_by_partition: ratio(rates, 'effects', 'loop_by_partition'),
  to_kafkajs: ratio(rates, 'effects', 'kafkajs'),
  lanes_to_serial: ratio(rates, 'lanes_16', 'lanes_serial'),
  seen_again_to_first: ratio(rates, 'seen_again', 'first_pass'),
  redis_to_inbox: ratio(rates, 'seen_again_redis', 'seen_again'),
  redis_first_pass_to_first: ratio(rates, 'first_pass_redis', 'first_pass'),
  quarantine_costs_percent: 100 * (1 - ratio(rates, 'quarantined', 'effects')),
})

const ratioTable = (found: Readonly<Record<string, number>>): Table => ({
  title: 'Ratios, medians of the rounds',
  columns: ['what', 'ratio'],
  rows: Object.entries(found),
})

/** A broker that has just started is still compiling itself, and so is PostgreSQL's cache cold. */
const warmUp = async (bench: Bench): Promise<void> => {
  bench.say('warming up')
  await ours(bench, 20_000, keys)
  await loops(bench, 500, loop, true)
}

const conditionsOf = (sizes: Sizes) => ({
  events: `effects ${sizes.effects}, loops ${sizes.loop}, lanes ${sizes.lanes}, seen again ${sizes.redelivered}`,
  topics: `4 partitions, ${keys} keys (lanes: ${laneKeys}, a handler of ${handlerWaits} ms), 300 bytes of payload`,
  effect: 'one INSERT into a table with a primary key, and the mark of the inbox',
  rounds: `${sizes.rounds}, sides interleaved, medians`,
  kafkajs: hasKafkajs() ? 'installed' : 'left out: needs kafkajs and kafkajs-lz4',
  redis: hasRedis() ? 'one server, in memory alone' : 'not installed: left out',
})

const backlog = async (bench: Bench): Promise<Result> => {
  const events = bench.events ?? 1_000_000
  bench.say(`a backlog of ${events.toLocaleString('en')} events`)
  const { figures, rate } = await ours(bench, events, keys)
  return {
    conditions: { backlog: `${events} events in Kafka, 4 partitions, ${keys} keys` },
    tables: [
      {
        title: 'A backlog, consumed by one process',
        columns: ['events', 'events/s', 'most memory, MiB'],
        rows: [[events, rate, figures.memory]],
      },
    ],
    metrics: { backlog_per_s: rate, backlog_memory_mib: figures.memory },
    rounds: [figures],
  }
}

const measure = async (bench: Bench): Promise<Result> => {
  if (bench.backlog) return backlog(bench)
  const { quick, events } = bench
  const sizes: Sizes = {
    effects: events ?? (quick ? 20_000 : 100_000),
    loop: quick ? 2_000 : 5_000,
    lanes: quick ? 500 : 2_000,
    redelivered: quick ? 20_000 : 100_000,
    rounds: bench.rounds ?? (quick ? 1 : 3),
  }
  await warmUp(bench)
  const rates = await measureRounds(bench, sizes)
  const found = ratios(rates)
  const perSecond = Object.entries(rates).map(([side, all]) => [`${side}_per_s`, median(all)] as const)
  return {
    conditions: conditionsOf(sizes),
    tables: [rateTable(rates), ratioTable(found)],
    metrics: { ...Object.fromEntries(perSecond), ...found },
    rounds: rates,
  }
}

/** Named apart from what it measures. */
export const consumption: Benchmark = {
  name: 'consume',
  about: 'effects in PostgreSQL from Kafka, beside a loop with a transaction for each event',
  needsKafka: true,
  measure,
}
