import {
  type Counter,
  type Gauge,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics as openTelemetry,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { metrics } from './catalogue.ts'

const scope = 'onewrite'

/**
 * Bounds in seconds: an append takes from a tenth of a millisecond, a commit with a slow broker some seconds.
 */
const durationBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export interface Instruments {
  readonly counters: Readonly<Record<NameOf<'counter'>, Counter>>
  readonly histograms: Readonly<Record<NameOf<'histogram'>, Histogram>>
  readonly gauges: Readonly<Record<NameOf<'gauge'>, Gauge>>
}

type Catalogue = typeof metrics
type NameOf<Kind> = {
  [Name in keyof Catalogue]: Catalogue[Name]['kind'] extends Kind ? Name : never
}[keyof Catalogue]

/** One by one, so that a name missing here does not compile. */
const make = (meter: Meter): Instruments => {
  const counter = (name: NameOf<'counter'>): Counter => {
    const { unit, description } = metrics[name]
    return meter.createCounter(name, { unit, description })
  }
  const histogram = (name: NameOf<'histogram'>): Histogram => {
    const { unit, description } = metrics[name]
    const advice = { explicitBucketBoundaries: durationBounds }
    return meter.createHistogram(name, { unit, description, advice })
  }
  const gauge = (name: NameOf<'gauge'>): Gauge => {
    const { unit, description } = metrics[name]
    return meter.createGauge(name, { unit, description })
  }
  return {
    counters: {
      'onewrite.append.events': counter('onewrite.append.events'),
      'onewrite.relay.published': counter('onewrite.relay.published'),
      'onewrite.relay.batches': counter('onewrite.relay.batches'),
      'onewrite.relay.failures': counter('onewrite.relay.failures'),
      'onewrite.consumer.events': counter('onewrite.consumer.events'),
      'onewrite.consumer.retries': counter('onewrite.consumer.retries'),
      'onewrite.consumer.failures': counter('onewrite.consumer.failures'),
      'onewrite.consumer.restarts': counter('onewrite.consumer.restarts'),
      'onewrite.consumer.rebalances': counter('onewrite.consumer.rebalances'),
      'onewrite.consumer.refusals': counter('onewrite.consumer.refusals'),
      'onewrite.consumer.missed': counter('onewrite.consumer.missed'),
    },
    histograms: {
      'onewrite.append.duration': histogram('onewrite.append.duration'),
      'onewrite.relay.commit.duration': histogram('onewrite.relay.commit.duration'),
    },
    gauges: {
      'onewrite.relay.position': gauge('onewrite.relay.position'),
      'onewrite.relay.lag.events': gauge('onewrite.relay.lag.events'),
      'onewrite.relay.lag.time': gauge('onewrite.relay.lag.time'),
      'onewrite.consumer.lag.events': gauge('onewrite.consumer.lag.events'),
      'onewrite.consumer.lag.time': gauge('onewrite.consumer.lag.time'),
    },
  }
}

let made: { readonly provider: MeterProvider; readonly instruments: Instruments } | undefined

/**
 * The instruments of the provider that is registered now. The metrics API hands out deaf meters until a
 * provider is registered and never wakes them, so what was made before must not be kept.
 */
export const instruments = (): Instruments => {
  const provider = openTelemetry.getMeterProvider()
  if (made?.provider !== provider) made = { provider, instruments: make(provider.getMeter(scope)) }
  return made.instruments
}

export const tracer = (): Tracer => trace.getTracer(scope)
