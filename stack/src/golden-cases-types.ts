import {
  type Converter,
  type GoldenCase,
  golden,
  jsonConverter,
  jsonWithSchemas,
  outboxTable,
  row,
} from './golden-case.ts'

/** Type and default of a column, and a value of it. */
const defaults: Readonly<Record<string, readonly [type: string, expression: string, value: string]>> = {
  text: ['text', "'fallback'", "'given'"],
  quoted: ['text', "'it''s'", "'given'"],
  null: ['text', 'null', "'given'"],
  call: ['text', 'current_user', "'given'"],
  int: ['int', '5', '6'],
  negative: ['int', '-5', '6'],
  serial: ['bigint', "nextval('numbers')", '6'],
  boolean: ['boolean', 'true', 'false'],
  numeric: ['numeric(10,2)', '1.5', '2.25'],
  'numeric-free': ['numeric', '1.5', '2.25'],
  double: ['double precision', '1.5', '2.25'],
  uuid: ['uuid', 'gen_random_uuid()', "'00000000-0000-4000-8000-00000000abcd'"],
  json: ['jsonb', `'{"a": 1}'`, `'{"b": 2}'`],
  now: ['timestamptz', 'now()', "'2019-03-24 20:52:59+00'"],
  'now-local': ['timestamp', 'localtimestamp', "'2019-03-24 20:52:59'"],
  today: ['date', 'current_date', "'2019-03-24'"],
  'time-given': ['timestamp(3)', "'2019-03-24 20:52:59'", "'2020-01-01'"],
  enum: ['mood', "'sad'", "'happy'"],
  bytea: ['bytea', "'\\x00'", "'\\x01'"],
  array: ['text[]', "'{a}'", "'{b}'"],
  domain: ['label', "'fallback'", "'given'"],
}

const types = [
  "create type mood as enum ('sad', 'happy')",
  'create domain label as varchar(20)',
  'create sequence numbers',
]

const defaultCases = Object.entries(defaults).map(([name, [type, expression, value]]) =>
  golden({
    name: `default-${name}`,
    about: `a ${type} that is null where its default is ${expression}`,
    setup: [...types, outboxTable('jsonb', `c ${type} default ${expression}`)],
    inserts: [row({ n: 1, more: { c: 'null' } }), row({ n: 2, more: { c: value } })],
    options: { 'table.fields.additional.placement': 'c:header' },
    converters: { header: jsonWithSchemas },
  }),
)

interface Typed {
  readonly name: string
  readonly type: string
  readonly values: readonly string[]
  readonly connector?: Readonly<Record<string, string>>
  readonly value?: Converter
}

const typed: readonly Typed[] = [
  { name: 'varbit', type: 'varbit', values: ["'10110011101'", "''", "'0'"] },
  { name: 'varbit-1', type: 'varbit(1)', values: ["'1'", "'0'"] },
  { name: 'bit-12', type: 'bit(12)', values: ["'000000000001'", "'100000000000'", "'000000000000'"] },
  { name: 'boolean-array', type: 'boolean[]', values: ["'{t,f,NULL}'"] },
  { name: 'bigint-array', type: 'bigint[]', values: ["'{9223372036854775807}'", "'{}'"] },
  { name: 'double-array', type: 'float8[]', values: ["'{0.1,1e21,NaN}'"] },
  { name: 'uuid-array', type: 'uuid[]', values: ["'{00000000-0000-4000-8000-00000000abcd}'"] },
  { name: 'jsonb-array', type: 'jsonb[]', values: [`array['{"a": 1}'::jsonb, null]`] },
  { name: 'varchar-array', type: 'varchar(5)[]', values: [`'{"a,b","NULL",NULL,""}'`] },
  { name: 'domain-numeric', type: 'price', values: ['1.5', 'null'] },
  { name: 'oid', type: 'oid', values: ['4294967295'] },
  { name: 'inner-char', type: '"char"', values: ["'x'"] },
  { name: 'cidr', type: 'cidr', values: ["'10.0.0.0/8'"] },
  { name: 'macaddr', type: 'macaddr', values: ["'08:00:2b:01:02:03'"] },
  { name: 'tstzrange', type: 'tstzrange', values: ["'[2019-01-01 00:00:00+00,)'"] },
  { name: 'citizen-date', type: 'date', values: ["'0044-03-15 BC'", "'infinity'", "'12345-01-01'"] },
  { name: 'timestamp-odd', type: 'timestamp', values: ["'infinity'", "'0044-03-15 12:00:00.5 BC'"] },
  { name: 'timestamptz-odd', type: 'timestamptz', values: ["'infinity'", "'0044-03-15 12:00:00.5+00 BC'"] },
  { name: 'timestamptz-0', type: 'timestamptz(0)', values: ["'2019-03-24 20:52:00+00'"] },
  { name: 'timestamptz-3', type: 'timestamptz(3)', values: ["'2019-03-24 20:52:00.1+00'"] },
  { name: 'time-24', type: 'time', values: ["'24:00:00'", "'00:00:00.000001'"] },
  { name: 'interval-odd', type: 'interval', values: ["'-1 day -00:00:01.5'", "'0'", "'-2 years 1 month'"] },
  { name: 'money-odd', type: 'money', values: ["'-1234567.89'", "'0'"] },
  ...['isostring', 'microseconds', 'nanoseconds', 'adaptive_time_microseconds', 'connect'].flatMap((mode) =>
    [
      ['date', 'date', "'1969-12-31'"],
      ['time-3', 'time(3)', "'20:52:59.123'"],
      ['timestamp-6', 'timestamp', "'2019-03-24 20:52:59.120000'"],
    ].map(([name = '', type = '', value = '']) => ({
      ...{
        name: `${name}-${mode.replaceAll('_', '-')}`,
        type,
        values: [value],
        connector: { 'time.precision.mode': mode },
      },
    })),
  ),
  {
    ...{ name: 'interval-string', type: 'interval', values: ["'1 year 2 mons 3 days 04:05:06.7'", "'-1 s'"] },
    connector: { 'interval.handling.mode': 'string' },
  },
  {
    ...{ name: 'bytea-url-safe', type: 'bytea', values: ["'\\xfbff'"] },
    connector: { 'binary.handling.mode': 'base64-url-safe' },
  },
  {
    ...{ name: 'decimal-format', type: 'numeric(20,9)', values: ['19.90', '0.000000001', '-0.5', '0'] },
    value: { ...jsonConverter, settings: { 'schemas.enable': 'false', 'decimal.format': 'numeric' } },
  },
  {
    ...{ name: 'numeric-special', type: 'numeric', values: ["'NaN'", '1.10', '-1e20'] },
    connector: { 'decimal.handling.mode': 'string' },
  },
]

const types2 = ['create domain price as numeric(10,2)']

const typedCases = typed.map(({ name, type, values, connector = {}, value = jsonWithSchemas }) =>
  golden({
    name: `type-${name}`,
    about: `a ${type}${Object.values(connector).join('')} in the envelope`,
    setup: [...types2, outboxTable('jsonb', `c ${type}`)],
    inserts: values.map((c, index) => row({ n: index + 1, key: 'one', more: { c } })),
    options: { 'table.fields.additional.placement': 'c:envelope' },
    connector,
    converters: { value },
  }),
)

const delegate = golden({
  name: 'payload-delegate',
  about: 'BinaryDataConverter hands what is not bytes to another converter',
  converters: {
    value: {
      class: 'io.debezium.converters.BinaryDataConverter',
      settings: {
        'delegate.converter.type': 'org.apache.kafka.connect.json.JsonConverter',
        'delegate.converter.type.schemas.enable': 'false',
      },
    },
  },
})

/** Types beyond those that an outbox usually has, and defaults, which stand in for null. */
export const typeCases: readonly GoldenCase[] = [...defaultCases, ...typedCases, delegate]
