import { instruments } from './instruments.ts'

const ends = ['done', 'seen', 'held', 'skipped', 'unreadable'] as const

/** What became of events that are dealt with. */
export interface CountedEvent {
  readonly end: (typeof ends)[number]
}

export interface ConsumerLag {
  readonly events: bigint | number
  readonly seconds: number
}

export interface ConsumerInstruments {
  dealt(events: readonly CountedEvent[]): void
  /** Of a type that nobody handles. */
  ignored(events: number): void
  retried(code: string): void
  parked(code: string): void
  redriven(): void
  failed(code: string): void
  restarted(): void
  lag(lag: ConsumerLag): void
  /** What its subscription has been through so far, in all. */
  subscription(counts: SubscriptionCounted | undefined): void
}

export interface SubscriptionCounted {
  readonly rebalances: number
  readonly refusals: number
  readonly missed: number
}

/** The metrics of one consumer. */
export const consumerInstruments = (name: string): ConsumerInstruments => {
  const consumer = { 'onewrite.consumer.name': name }
  const count = (outcome: string, events = 1): void => {
    if (events === 0) return
    instruments().counters['onewrite.consumer.events'].add(events, {
      ...consumer,
      'onewrite.consumer.outcome': outcome,
    })
  }
  const fault = (kind: 'retries' | 'failures', code: string): void =>
    instruments().counters[`onewrite.consumer.${kind}`].add(1, { ...consumer, 'error.type': code })
  const before = { rebalances: 0, refusals: 0, missed: 0 }
  const since = (kind: keyof SubscriptionCounted, counted: number): void => {
    const added = Math.max(0, counted - before[kind])
    before[kind] = counted
    if (added > 0) instruments().counters[`onewrite.consumer.${kind}`].add(added, consumer)
  }
  return {
    subscription: (counts) => {
      if (counts === undefined) return
      for (const kind of ['rebalances', 'refusals', 'missed'] as const) since(kind, counts[kind])
    },
    dealt: (events) => {
      for (const outcome of ends) {
        count(outcome, events.filter(({ end }) => end === outcome).length)
      }
    },
    ignored: (events) => count('ignored', events),
    retried: (code) => fault('retries', code),
    parked: () => count('parked'),
    redriven: () => count('redriven'),
    failed: (code) => fault('failures', code),
    restarted: () => instruments().counters['onewrite.consumer.restarts'].add(1, consumer),
    lag: ({ events, seconds }) => {
      const { gauges } = instruments()
      gauges['onewrite.consumer.lag.events'].record(Number(events), consumer)
      gauges['onewrite.consumer.lag.time'].record(seconds, consumer)
    },
  }
}
