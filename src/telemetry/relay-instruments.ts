import { errorType } from './error-type.ts'
import { instruments } from './instruments.ts'
import { measureSpan } from './measure-span.ts'

export interface RelayProgress {
  /** Of the last event published. */
  readonly position: bigint | string
  readonly lagEvents: bigint | number
  readonly lagSeconds: number
}

export interface PublishedBatch {
  readonly events: number
  /** Of its last event. */
  readonly position: bigint | string
}

export interface RelayInstruments {
  /** Runs the publishing of one batch, commit included, inside a span; counts it when it resolves. */
  publish<T>(batch: PublishedBatch, work: () => Promise<T>): Promise<T>
  /** Counts a failure by its code. */
  failed(error: unknown): void
  progress(progress: RelayProgress): void
}

/** The spans and metrics of one relay. `system` is the transport, for example `kafka`. */
export const relayInstruments = (name: string, system = 'kafka'): RelayInstruments => {
  const relay = { 'onewrite.relay.name': name, 'messaging.system': system }
  return {
    publish: ({ events, position }, work) =>
      measureSpan(
        'onewrite publish',
        {
          ...relay,
          'messaging.operation.type': 'send',
          'messaging.operation.name': 'publish',
          'messaging.batch.message_count': events,
          'onewrite.relay.position': String(position),
        },
        work,
        ({ seconds, failure }) => {
          if (failure !== undefined) return
          const { counters, histograms } = instruments()
          counters['onewrite.relay.published'].add(events, relay)
          counters['onewrite.relay.batches'].add(1, relay)
          histograms['onewrite.relay.commit.duration'].record(seconds, relay)
        },
      ),
    failed: (error) => {
      instruments().counters['onewrite.relay.failures'].add(1, { ...relay, 'error.type': errorType(error) })
    },
    progress: ({ position, lagEvents, lagSeconds }) => {
      const { gauges } = instruments()
      gauges['onewrite.relay.position'].record(Number(position), relay)
      gauges['onewrite.relay.lag.events'].record(Number(lagEvents), relay)
      gauges['onewrite.relay.lag.time'].record(lagSeconds, relay)
    },
  }
}
