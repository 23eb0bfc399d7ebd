import { type GoldenCase, golden, stringConverter, uuid } from './golden-case.ts'

/** The outbox of a portal whose records are keyed by tenant and carry the transaction they belong to. */
const table =
  'create table outbox_message_t (id uuid primary key, host_id uuid not null, user_id uuid, aggregate_id varchar(255) not null, ' +
  'aggregate_type varchar(255) not null, event_type varchar(255) not null, event_ts timestamptz not null, payload jsonb not null, ' +
  'metadata jsonb, transaction_id uuid not null, transaction_ordinal int not null, transaction_count int not null)'

const event = (n: number, transaction: number, ordinal: number, count: number): string =>
  `insert into outbox_message_t values ('${uuid(n)}', '${uuid(700)}', '${uuid(800)}', 'user-${n}', 'User', ` +
  `'UserCreatedEvent', '2019-03-24 20:52:59.123456+00', '{"id": ${n}, "name": "Zoë"}', '{"source": "portal"}', ` +
  `'${uuid(900 + transaction)}', ${ordinal}, ${count})`

const inserts = [`begin; ${event(1, 1, 1, 2)}; ${event(2, 1, 2, 2)}; commit`, event(3, 2, 1, 1)]

const connector = {
  'topic.prefix': 'portal-event',
  'schema.include.list': 'public',
  'message.key.columns': 'public.outbox_message_t:host_id',
  'tombstones.on.delete': 'true',
}

const unwrapped = {
  ...connector,
  transforms:
    'unwrap,addTransactionIdHeader,timestamp_converter,outbox,extractPayload,extractKey,final_route',
  'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
  'transforms.unwrap.drop.tombstones': 'false',
  'transforms.unwrap.delete.handling.mode': 'none',
  'transforms.addTransactionIdHeader.type': 'org.apache.kafka.connect.transforms.HeaderFrom$Value',
  'transforms.addTransactionIdHeader.fields': 'transaction_id',
  'transforms.addTransactionIdHeader.headers': 'transaction_id',
  'transforms.addTransactionIdHeader.operation': 'copy',
  'transforms.timestamp_converter.type': 'org.apache.kafka.connect.transforms.TimestampConverter$Value',
  'transforms.timestamp_converter.field': 'event_ts',
  'transforms.timestamp_converter.target.type': 'unix',
  'transforms.timestamp_converter.format': "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'",
  'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
  'transforms.extractPayload.type': 'org.apache.kafka.connect.transforms.ExtractField$Value',
  'transforms.extractPayload.field': 'payload',
  'transforms.extractKey.type': 'org.apache.kafka.connect.transforms.ExtractField$Key',
  'transforms.extractKey.field': 'host_id',
  'transforms.final_route.type': 'org.apache.kafka.connect.transforms.RegexRouter',
  'transforms.final_route.regex': 'portal-event\\.public\\.outbox_message_t',
  'transforms.final_route.replacement': 'portal-event',
}

/** Options that the router has, and four that it does not have and does not notice. */
const writtenOptions = {
  'table.field.event.id': 'id',
  'table.field.event.key': 'host_id',
  'table.field.event.type': 'event_type',
  'table.field.event.timestamp': 'event_ts',
  'table.field.event.payload': 'payload',
  'table.field.event.metadata': 'metadata',
  'table.field.aggregate.type': 'aggregate_type',
  'table.field.aggregate.id': 'aggregate_id',
}

const meantOptions = {
  'table.field.event.key': 'host_id',
  'route.by.field': 'aggregate_type',
  'route.topic.replacement': 'portal-event',
  'table.fields.additional.placement': 'transaction_id:header',
}

const portal = (
  name: string,
  about: string,
  more: Pick<GoldenCase, 'connector' | 'options'> & Partial<Pick<GoldenCase, 'inserts'>>,
): GoldenCase =>
  golden({
    name: `portal-event-${name}`,
    about,
    setup: [table],
    inserts,
    ...more,
    converters: { value: stringConverter },
  })

const pruned = [...inserts, 'delete from outbox_message_t']

export const portalEventCases: readonly GoldenCase[] = [
  portal('as-written', 'unwrapped before the router, which then does nothing: there is no header id', {
    connector: unwrapped,
    options: writtenOptions,
  }),
  portal('as-written-pruned', 'the removal of published rows is published', {
    connector: unwrapped,
    options: writtenOptions,
    inserts: pruned,
  }),
  portal('as-meant', 'the router alone gives the same topic, keys and values', {
    connector,
    options: meantOptions,
  }),
  portal('as-meant-pruned', 'and takes no notice of removed rows', {
    connector,
    options: meantOptions,
    inserts: pruned,
  }),
  portal('as-meant-by-aggregate', 'keyed by aggregate, with what a consumer needs in headers', {
    connector,
    options: {
      ...meantOptions,
      'table.field.event.key': 'aggregate_id',
      'table.fields.additional.placement':
        'transaction_id:header,transaction_ordinal:header,transaction_count:header,event_type:header:eventType,host_id:header',
    },
  }),
  portal('timestamp', 'the time it names is a timestamptz, which the router refuses', {
    connector,
    options: { ...meantOptions, 'table.field.event.timestamp': 'event_ts' },
  }),
]
