import { context, metrics as openTelemetry, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { OnewriteError } from '../../src/error/onewrite-error.ts'
import { metrics, spans } from '../../src/telemetry/catalogue.ts'
import { type ConsumerInstruments, consumerInstruments } from '../../src/telemetry/consumer-instruments.ts'
import { currentTraceparent } from '../../src/telemetry/current-traceparent.ts'
import { measureAppend } from '../../src/telemetry/measure-append.ts'
import { relayInstruments } from '../../src/telemetry/relay-instruments.ts'

const spanExporter = new InMemorySpanExporter()
const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA)
const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 2 ** 30 })

const append = { schema: 'onewrite', events: 2 }
const fenced = new OnewriteError('FENCED', { name: 'orders' })

/** Name of each metric with its points. */
const measured = async () => {
  await reader.forceFlush()
  const all = metricExporter.getMetrics().flatMap((one) => one.scopeMetrics)
  return new Map(all.flatMap(({ metrics: list }) => list.map((one) => [one.descriptor.name, one] as const)))
}

const points = async (name: string) => {
  const found = (await measured()).get(name)
  return found?.dataPoints.map(({ value, attributes }) => ({ value, attributes }))
}

beforeAll(async () => {
  // Before a provider is registered: must neither fail nor deafen what comes later.
  await measureAppend(append, async () => undefined)
  relayInstruments('orders').failed(fenced)
  expect(currentTraceparent()).toBeUndefined()

  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] }),
  )
  openTelemetry.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
})

beforeEach(async () => {
  await reader.forceFlush()
  metricExporter.reset()
  spanExporter.reset()
})

afterAll(async () => {
  await reader.shutdown()
  trace.disable()
  openTelemetry.disable()
  context.disable()
})

describe('an append', () => {
  it('is a span with its events, a duration and a count', async () => {
    await expect(measureAppend(append, async () => 'written')).resolves.toBe('written')
    expect(spanExporter.getFinishedSpans()).toMatchObject([
      {
        name: 'onewrite append',
        kind: SpanKind.INTERNAL,
        attributes: {
          'db.system.name': 'postgresql',
          'db.namespace': 'onewrite',
          'onewrite.append.event_count': 2,
        },
        status: { code: SpanStatusCode.UNSET },
      },
    ])
    const attributes = { 'db.namespace': 'onewrite' }
    expect(await points('onewrite.append.events')).toEqual([{ value: 2, attributes }])
    expect(await points('onewrite.append.duration')).toMatchObject([{ value: { count: 1 }, attributes }])
  })

  it('that fails says by which error, counts no events, and rejects with that error', async () => {
    const conflict = new OnewriteError('VERSION_CONFLICT', { stream: 'order-1', expected: 1, actual: 2 })
    await expect(measureAppend(append, () => Promise.reject(conflict))).rejects.toBe(conflict)
    expect(spanExporter.getFinishedSpans()).toMatchObject([
      { attributes: { 'error.type': 'VERSION_CONFLICT' }, status: { code: SpanStatusCode.ERROR } },
    ])
    const attributes = { 'db.namespace': 'onewrite', 'error.type': 'VERSION_CONFLICT' }
    expect(await points('onewrite.append.duration')).toMatchObject([{ value: { count: 1 }, attributes }])
    expect(await points('onewrite.append.events')).toBeUndefined()
  })

  it('gives its events the trace it is part of', async () => {
    const traceparent = await measureAppend(append, async () => currentTraceparent())
    const [span] = spanExporter.getFinishedSpans()
    expect(traceparent).toBe(`00-${span?.spanContext().traceId}-${span?.spanContext().spanId}-01`)
    expect(currentTraceparent()).toBeUndefined()
  })
})

describe('a relay', () => {
  const relay = relayInstruments('orders', 'kafka')
  const attributes = { 'onewrite.relay.name': 'orders', 'messaging.system': 'kafka' }

  it('is a span for each batch, and counts what was acknowledged', async () => {
    await relay.publish({ events: 500, position: 1_500n }, async () => undefined)
    await relay.publish({ events: 100, position: '1600' }, async () => undefined)
    expect(spanExporter.getFinishedSpans()).toMatchObject([
      {
        name: 'onewrite publish',
        kind: SpanKind.PRODUCER,
        attributes: {
          ...attributes,
          'messaging.operation.type': 'send',
          'messaging.batch.message_count': 500,
          'onewrite.relay.position': '1500',
        },
      },
      { attributes: { 'messaging.batch.message_count': 100, 'onewrite.relay.position': '1600' } },
    ])
    expect(await points('onewrite.relay.published')).toEqual([{ value: 600, attributes }])
    expect(await points('onewrite.relay.batches')).toEqual([{ value: 2, attributes }])
    expect(await points('onewrite.relay.commit.duration')).toMatchObject([
      { value: { count: 2 }, attributes },
    ])
  })

  it('does not count a batch that failed', async () => {
    await expect(relay.publish({ events: 5, position: 5n }, () => Promise.reject(fenced))).rejects.toBe(
      fenced,
    )
    expect(spanExporter.getFinishedSpans()).toMatchObject([{ attributes: { 'error.type': 'FENCED' } }])
    expect(await points('onewrite.relay.published')).toBeUndefined()
  })

  it.each([
    ['its code in the table', fenced, 'FENCED'],
    ['a SQLSTATE', Object.assign(new Error('x'), { code: '40001' }), '40001'],
    ['a Kafka code', Object.assign(new Error('x'), { code: -185 }), '-185'],
    ['its class', new RangeError('secret'), 'RangeError'],
    ['nothing', 'secret', '_OTHER'],
  ])('counts failures by %s, never by the message', async (_, error, type) => {
    relay.failed(error)
    expect(await points('onewrite.relay.failures')).toEqual([
      { value: 1, attributes: { ...attributes, 'error.type': type } },
    ])
  })

  it('shows its position and its lag', async () => {
    relay.progress({ position: 1_500n, lagEvents: 20n, lagSeconds: 0.5 })
    expect(await points('onewrite.relay.position')).toEqual([{ value: 1_500, attributes }])
    expect(await points('onewrite.relay.lag.events')).toEqual([{ value: 20, attributes }])
    expect(await points('onewrite.relay.lag.time')).toEqual([{ value: 0.5, attributes }])
  })
})

/** Everything that can be said of a consumer, once. */
const sayAll = (consumer: ConsumerInstruments): void => {
  consumer.dealt([{ end: 'done' }, { end: 'done' }, { end: 'seen' }, { end: 'held' }])
  consumer.ignored(3)
  consumer.parked('23505')
  consumer.redriven()
  consumer.retried('ECONNREFUSED')
  consumer.failed('FENCED')
  consumer.restarted()
  consumer.lag({ events: 7n, seconds: 1.5 })
  consumer.subscription({ rebalances: 2, refusals: 1, missed: 4 })
}

describe('a consumer', () => {
  const attributes = { 'onewrite.consumer.name': 'inventory' }

  it('counts events by what became of them, and says how far it is behind', async () => {
    sayAll(consumerInstruments('inventory'))
    const events = await points('onewrite.consumer.events')
    const outcomes = events?.map(({ value, attributes: of }) => [of['onewrite.consumer.outcome'], value])
    expect(outcomes).toEqual([
      ...[
        ['done', 2],
        ['seen', 1],
        ['held', 1],
        ['ignored', 3],
        ['parked', 1],
        ['redriven', 1],
      ],
    ])
    const retries = [{ value: 1, attributes: { ...attributes, 'error.type': 'ECONNREFUSED' } }]
    expect(await points('onewrite.consumer.retries')).toEqual(retries)
    expect(await points('onewrite.consumer.lag.events')).toEqual([{ value: 7, attributes }])
  })

  it('counts what its subscription has been through as that grows', async () => {
    const consumer = consumerInstruments('inventory')
    consumer.subscription({ rebalances: 2, refusals: 0, missed: 0 })
    consumer.subscription(undefined)
    consumer.subscription({ rebalances: 5, refusals: 0, missed: 0 })
    expect(await points('onewrite.consumer.rebalances')).toMatchObject([{ attributes }])
    expect(await points('onewrite.consumer.missed')).toBeUndefined()
  })
})

describe('the catalogue', () => {
  it('lists every metric and span with unit and attributes as they are emitted', async () => {
    await measureAppend(append, async () => undefined)
    await measureAppend(append, () => Promise.reject(fenced)).catch(() => undefined)
    const relay = relayInstruments('orders')
    await relay.publish({ events: 1, position: 1n }, async () => undefined)
    await relay.publish({ events: 1, position: 1n }, () => Promise.reject(fenced)).catch(() => undefined)
    relay.failed(fenced)
    relay.progress({ position: 1n, lagEvents: 0, lagSeconds: 0 })
    sayAll(consumerInstruments('inventory'))

    const emitted = await measured()
    const names = (lists: readonly object[]) => [...new Set(lists.flatMap((one) => Object.keys(one)))].sort()
    for (const [name, row] of Object.entries(metrics)) {
      const metric = emitted.get(name)
      expect(metric?.descriptor).toMatchObject({ unit: row.unit, description: row.description })
      expect(names(metric?.dataPoints.map((point) => point.attributes) ?? [])).toEqual(
        [...row.attributes].sort(),
      )
    }
    expect([...emitted.keys()].sort()).toEqual(Object.keys(metrics).sort())
    for (const [name, row] of Object.entries(spans)) {
      const found = spanExporter.getFinishedSpans().filter((span) => span.name === name)
      expect(names(found.map((span) => span.attributes))).toEqual([...row.attributes].sort())
    }
  })
})
