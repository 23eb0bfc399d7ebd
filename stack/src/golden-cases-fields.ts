import {
  byteArrayConverter,
  type GoldenCase,
  golden,
  jsonConverter,
  jsonWithSchemas,
  outboxTable,
  row,
  uuid,
} from './golden-case.ts'

const renamed =
  'create table outbox_events (event_id uuid primary key, topic_of text, subject text, kind text, body text, at timestamp(3))'

const renamedOptions = {
  'table.field.event.id': 'event_id',
  'table.field.event.key': 'subject',
  'table.field.event.type': 'kind',
  'table.field.event.payload': 'body',
  'table.field.event.timestamp': 'at',
  'route.by.field': 'topic_of',
}

/** A row whose key is a column `k` of another type. */
const keyed = (name: string, about: string, type: string, values: readonly string[]): GoldenCase =>
  golden({
    name,
    about,
    setup: [outboxTable('jsonb', `k ${type}`)],
    inserts: values.map((value, index) => row({ n: index + 1, more: { k: value } })),
    options: { 'table.field.event.key': 'k' },
  })

const keyedWith = (given: GoldenCase, name: string, about: string, key: GoldenCase['converters']['key']) => ({
  ...given,
  name,
  about,
  converters: { ...given.converters, key },
})

const intKey = keyed('key-int', 'an integer key as text', 'int', ['1', '-7', '2147483647'])
const bytesKey = keyed('key-bytea-string', 'a bytea key through StringConverter', 'bytea', ["'\\x00ff41'"])

const keys: readonly GoldenCase[] = [
  intKey,
  keyedWith(intKey, 'key-int-json', 'an integer key through JsonConverter is a number', jsonConverter),
  keyedWith(
    intKey,
    'key-int-json-schemas',
    'an integer key through JsonConverter with schemas',
    jsonWithSchemas,
  ),
  keyed('key-bigint', 'a bigint key, beyond what a double holds', 'bigint', ['9007199254740993', '0']),
  keyed('key-uuid', 'a uuid key', 'uuid', [`'${uuid(99)}'`]),
  keyed('key-boolean', 'a boolean key', 'boolean', ['true', 'false']),
  keyed('key-unicode', 'keys of other scripts choose their partition by their UTF-8', 'text', [
    "'Zoë'",
    "'日本語'",
    "'🦉🦉'",
    "'a b\tc'",
    "''",
  ]),
  bytesKey,
  keyedWith(bytesKey, 'key-bytea-bytes', 'a bytea key through ByteArrayConverter', byteArrayConverter),
  keyedWith(bytesKey, 'key-bytea-json', 'a bytea key through JsonConverter is base64', jsonConverter),
  golden({
    name: 'key-null',
    about: 'a null key',
    setup: [outboxTable('jsonb', 'k text')],
    inserts: [row({ more: { k: 'null' } })],
    options: { 'table.field.event.key': 'k' },
    connector: { 'topic.creation.default.partitions': '1' },
  }),
  golden({
    name: 'key-null-json',
    about: 'a null key through JsonConverter without schemas',
    setup: [outboxTable('jsonb', 'k text')],
    inserts: [row({ more: { k: 'null' } })],
    options: { 'table.field.event.key': 'k' },
    converters: { key: jsonConverter },
    connector: { 'topic.creation.default.partitions': '1' },
  }),
  golden({
    name: 'key-null-json-schemas',
    about: 'a null key through JsonConverter with schemas',
    setup: [outboxTable('jsonb', 'k text')],
    inserts: [row({ more: { k: 'null' } })],
    options: { 'table.field.event.key': 'k' },
    converters: { key: jsonWithSchemas },
    connector: { 'topic.creation.default.partitions': '1' },
  }),
  golden({
    name: 'key-type',
    about: 'another column of the standard table as the key',
    options: { 'table.field.event.key': 'type' },
  }),
]

const stamped = (name: string, about: string, column: string, values: readonly string[]): GoldenCase =>
  golden({
    name,
    about,
    setup: [outboxTable('jsonb', `at ${column}`)],
    inserts: values.map((value, index) => row({ n: index + 1, more: { at: value } })),
    options: { 'table.field.event.timestamp': 'at' },
  })

const times = ["'2019-03-24 20:52:59.123456'", "'1969-12-31 23:59:59.9995'", "'2019-03-24 00:00:00'"]

const timestamps: readonly GoldenCase[] = [
  stamped(
    'timestamp-3',
    'a timestamp(3) column is the time of the record',
    'timestamp(3)',
    times.slice(0, 1),
  ),
  stamped('timestamp-6', 'microseconds are cut to milliseconds', 'timestamp(6)', [
    times[0] ?? '',
    times[2] ?? '',
  ]),
  stamped('timestamp-null', 'a null time is the time at which the row was seen', 'timestamp', ['null']),
  stamped('timestamp-before-1970', 'a time before 1970 is refused', 'timestamp', ["'1969-01-01 00:00:00'"]),
  stamped('timestamptz', 'a timestamptz is a text to Debezium, and no time', 'timestamptz', [
    "'2019-03-24 20:52:59.123456+00'",
  ]),
  stamped('timestamp-bigint', 'a number without a meaning is no time', 'bigint', ['1553460779123']),
  stamped('timestamp-date', 'a date is no time', 'date', ["'2019-03-24'"]),
  golden({
    name: 'timestamp-connect-precision',
    about: 'milliseconds throughout, with time.precision.mode=connect',
    setup: [outboxTable('jsonb', 'at timestamp(6)')],
    inserts: [row({ more: { at: times[0] ?? '' } })],
    connector: { 'time.precision.mode': 'connect' },
    options: { 'table.field.event.timestamp': 'at' },
  }),
  golden({
    name: 'timestamp-missing-column',
    about: 'a time column that the table does not have fails the task',
    options: { 'table.field.event.timestamp': 'at' },
  }),
]

const versioned = (name: string, about: string, more: Partial<GoldenCase>, type = 'int'): GoldenCase =>
  golden({
    name,
    about,
    setup: [outboxTable('jsonb', `version ${type}`)],
    inserts: [1, 3, 1].map((version, index) => row({ n: index + 1, more: { version: String(version) } })),
    converters: { value: jsonWithSchemas },
    ...more,
  })

const versions: readonly GoldenCase[] = [
  versioned('schema-version-envelope', 'the version of the schema comes from a column, with an envelope', {
    options: {
      'table.field.event.schema.version': 'version',
      'table.fields.additional.placement': 'type:envelope',
    },
  }),
  versioned('schema-version-bare', 'without an envelope the version is not used', {
    options: { 'table.field.event.schema.version': 'version' },
  }),
  versioned(
    'schema-version-bigint',
    'a version that is not an int fails the task',
    {
      options: {
        'table.field.event.schema.version': 'version',
        'table.fields.additional.placement': 'type:envelope',
      },
    },
    'bigint',
  ),
  versioned('schema-version-expanded', 'the version with a payload that is expanded', {
    options: {
      'table.field.event.schema.version': 'version',
      'table.fields.additional.placement': 'type:envelope',
      'table.expand.json.payload': 'true',
    },
  }),
]

export const fieldCases: readonly GoldenCase[] = [
  golden({
    name: 'renamed-columns',
    about: 'every column under another name',
    setup: [renamed],
    inserts: [
      `insert into outbox_events values ('${uuid(1)}', 'Order', 'order-1', 'OrderCreated', '{"a": 1}', '2019-03-24 20:52:59.123')`,
    ],
    options: renamedOptions,
  }),
  golden({
    name: 'id-int',
    about: 'an integer id becomes the header id',
    setup: [
      'create table outbox (id int primary key, aggregatetype text, aggregateid text, type text, payload text)',
    ],
    inserts: ["insert into outbox values (42, 'Order', 'order-1', 'OrderCreated', '{}')"],
  }),
  golden({
    name: 'id-missing',
    about: 'an id column that the table does not have fails the task',
    options: { 'table.field.event.id': 'event_id' },
  }),
  golden({
    name: 'key-missing',
    about: 'a key column that the table does not have fails the task',
    options: { 'table.field.event.key': 'customer' },
  }),
  golden({
    name: 'payload-missing',
    about: 'a payload column that the table does not have fails the task',
    options: { 'table.field.event.payload': 'body' },
  }),
  golden({
    name: 'option-unknown',
    about: 'options that the router does not have are not noticed',
    options: { 'table.field.event.metadata': 'metadata', 'table.field.aggregate.type': 'aggregate_type' },
  }),
  ...keys,
  ...timestamps,
  ...versions,
]
