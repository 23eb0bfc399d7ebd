/**
 * Every span and metric that onewrite emits. Names and units follow OpenTelemetry; where its conventions for
 * messaging and databases have an attribute, that one is used. `docs/telemetry.md` is generated from here.
 */

export interface MetricRow {
  readonly kind: 'counter' | 'histogram' | 'gauge'
  /** UCUM; things are counted in braces. */
  readonly unit: string
  readonly description: string
  readonly attributes: readonly AttributeName[]
}

export interface SpanRow {
  readonly kind: 'internal' | 'producer'
  readonly description: string
  readonly attributes: readonly AttributeName[]
}

export const attributes = {
  'db.system.name': 'Always `postgresql`.',
  'db.namespace': 'Schema that holds the log.',
  'error.type':
    'Set on failure only: a code of docs/errors.md, else the code of the error (SQLSTATE, Kafka, network), else its class.',
  'messaging.system': 'The transport: `kafka`, `postgres`, `memory`.',
  'messaging.operation.type': 'Always `send`.',
  'messaging.operation.name': 'Always `publish`.',
  'messaging.batch.message_count': 'Events in the batch.',
  'onewrite.append.event_count': 'Events in the call.',
  'onewrite.relay.name': 'Name of the relay.',
  'onewrite.relay.position': 'Position of the last event in the batch.',
  'onewrite.consumer.name': 'Name of the consumer.',
  'onewrite.consumer.outcome':
    'What became of the event: `done`, `seen` (a repeat), `held` (waits behind a dead letter), `skipped`, `unreadable` (passed over), `ignored` (no handler), `parked`, `redriven`.',
} as const satisfies Record<string, string>

export type AttributeName = keyof typeof attributes

export const spans = {
  'onewrite append': {
    kind: 'internal',
    description: 'One call of append: from the check of its events until PostgreSQL has answered.',
    attributes: ['db.system.name', 'db.namespace', 'onewrite.append.event_count', 'error.type'],
  },
  'onewrite publish': {
    kind: 'producer',
    description: 'One batch of the relay: from handing it to the transport until it is committed there.',
    attributes: [
      'messaging.system',
      'messaging.operation.type',
      'messaging.operation.name',
      'messaging.batch.message_count',
      'onewrite.relay.name',
      'onewrite.relay.position',
      'error.type',
    ],
  },
} as const satisfies Record<string, SpanRow>

const relay = ['onewrite.relay.name', 'messaging.system'] as const

export const metrics = {
  'onewrite.append.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Duration of calls of append.',
    attributes: ['db.namespace', 'error.type'],
  },
  'onewrite.append.events': {
    kind: 'counter',
    unit: '{event}',
    description: 'Events that append wrote. Their transaction may still have rolled back.',
    attributes: ['db.namespace'],
  },
  'onewrite.relay.published': {
    kind: 'counter',
    unit: '{event}',
    description: 'Events published and acknowledged.',
    attributes: relay,
  },
  'onewrite.relay.batches': {
    kind: 'counter',
    unit: '{batch}',
    description: 'Batches published and acknowledged.',
    attributes: relay,
  },
  'onewrite.relay.failures': {
    kind: 'counter',
    unit: '{failure}',
    description: 'Failures that made the relay start again from its checkpoint.',
    attributes: [...relay, 'error.type'],
  },
  'onewrite.relay.commit.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Time from handing a batch to the transport until it is committed there.',
    attributes: relay,
  },
  'onewrite.relay.position': {
    kind: 'gauge',
    unit: '{position}',
    description: 'Position of the last event published.',
    attributes: relay,
  },
  'onewrite.relay.lag.events': {
    kind: 'gauge',
    unit: '{event}',
    description: 'Positions in the log that are not published yet. Gaps count, so this is an upper bound.',
    attributes: relay,
  },
  'onewrite.relay.lag.time': {
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest event that is not published yet; 0 when there is none.',
    attributes: relay,
  },
  'onewrite.consumer.events': {
    kind: 'counter',
    unit: '{event}',
    description: 'Events dealt with for good.',
    attributes: ['onewrite.consumer.name', 'onewrite.consumer.outcome'],
  },
  'onewrite.consumer.retries': {
    kind: 'counter',
    unit: '{attempt}',
    description: 'Failed attempts that are followed by another.',
    attributes: ['onewrite.consumer.name', 'error.type'],
  },
  'onewrite.consumer.failures': {
    kind: 'counter',
    unit: '{failure}',
    description: 'Faults that are no fault of an event: the database away, a partition lost.',
    attributes: ['onewrite.consumer.name', 'error.type'],
  },
  'onewrite.consumer.restarts': {
    kind: 'counter',
    unit: '{restart}',
    description: 'Times the consumer was restarted because it made no progress while its lag grew.',
    attributes: ['onewrite.consumer.name'],
  },
  'onewrite.consumer.rebalances': {
    kind: 'counter',
    unit: '{rebalance}',
    description: 'Times that partitions were given to this instance or taken from it.',
    attributes: ['onewrite.consumer.name'],
  },
  'onewrite.consumer.refusals': {
    kind: 'counter',
    unit: '{refusal}',
    description:
      'Commits of offsets that the brokers refused. They are repeated; the inbox does not rely on them.',
    attributes: ['onewrite.consumer.name'],
  },
  'onewrite.consumer.missed': {
    kind: 'counter',
    unit: '{record}',
    description:
      'Records that the topic dropped before they were read. Lost for this consumer: look at its lag.',
    attributes: ['onewrite.consumer.name'],
  },
  'onewrite.consumer.lag.events': {
    kind: 'gauge',
    unit: '{event}',
    description: 'Records of the partitions of this instance that are not dealt with yet.',
    attributes: ['onewrite.consumer.name'],
  },
  'onewrite.consumer.lag.time': {
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest record that is not dealt with yet; 0 when there is none.',
    attributes: ['onewrite.consumer.name'],
  },
} as const satisfies Record<string, MetricRow>

export type MetricName = keyof typeof metrics
export type SpanName = keyof typeof spans
