import {
  type Converter,
  type GoldenCase,
  golden,
  jsonConverter,
  jsonWithSchemas,
  outboxTable,
  row,
  simpleHeaders,
} from './golden-case.ts'

/** Type, and values of it, of columns that an outbox table may have. */
const columns: Readonly<Record<string, readonly [string, ...string[]]>> = {
  boolean: ['boolean', 'true', 'false'],
  smallint: ['smallint', '-32768'],
  integer: ['integer', '2147483647'],
  bigint: ['bigint', '9223372036854775807', '-9007199254740993'],
  real: ['real', '0.1', '16777216', '1e20', "'NaN'"],
  double: ['double precision', '0.1', '1e21', '100', "'-Infinity'"],
  numeric: ['numeric(12,2)', '19.90', '-0.05', '0'],
  text: [
    'text',
    "'Zoë 日本 🦉'",
    "''",
    "' spaces '",
    '\'line\nbreak "quoted" \\\'',
    "'123'",
    "'null'",
    "'true'",
  ],
  char: ['char(5)', "'ab'"],
  varchar: ['varchar(20)', "'ab'"],
  uuid: ['uuid', "'00000000-0000-4000-8000-00000000abcd'"],
  bytea: ['bytea', "'\\x00ff41'", "'\\x'"],
  json: ['json', '\'{ "a" : 1 }\''],
  jsonb: ['jsonb', '\'{ "a" : 1, "b": [1, "x"] }\'', "'null'"],
  date: ['date', "'2019-03-24'", "'1969-12-31'"],
  time: ['time', "'20:52:59.123456'"],
  timetz: ['timetz', "'20:52:59.123456+02'"],
  timestamp: ['timestamp', "'2019-03-24 20:52:59.123456'"],
  'timestamp-3': ['timestamp(3)', "'2019-03-24 20:52:59.123'"],
  timestamptz: [
    'timestamptz',
    "'2019-03-24 20:52:59.123456+02'",
    "'2019-03-24 20:52:00+00'",
    "'2019-03-24 20:52:59.1+00'",
  ],
  interval: ['interval', "'1 year 2 months 3 days 04:05:06.789'"],
  enum: ['mood', "'sad'"],
  'text-array': ['text[]', "array['a', null, 'b c']"],
  'int-array': ['int[]', 'array[1, 2, null]'],
  inet: ['inet', "'192.168.0.1/24'"],
  money: ['money', "'12.34'"],
  point: ['point', "'(1.5,2)'"],
  bit: ['bit(3)', "'101'"],
  bit1: ['bit(1)', "'1'"],
  int4range: ['int4range', "'[1,5)'"],
  xml: ['xml', "'<a/>'"],
  'text-domain': ['label', "'ab'"],
}

const types = ["create type mood as enum ('sad', 'happy')", 'create domain label as varchar(20)']

const withColumn = (
  kind: string,
  place: 'header' | 'envelope',
  suffix: string,
  converters: { readonly value?: Converter; readonly header?: Converter },
  connector: Readonly<Record<string, string>> = {},
): GoldenCase => {
  const [type = 'text', ...values] = columns[kind] ?? []
  return golden({
    name: `column-${kind}-${suffix}`,
    about: `a ${type} as ${place}${Object.values(connector).join('')}`,
    setup: [...types, outboxTable('jsonb', `c ${type}`)],
    inserts: [...values, 'null'].map((c, index) => row({ n: index + 1, key: 'one', more: { c } })),
    options: { 'table.fields.additional.placement': `c:${place}` },
    connector,
    converters,
  })
}

const kinds = Object.keys(columns)

const interesting = ['boolean', 'bigint', 'double', 'numeric', 'text', 'bytea', 'timestamp', 'text-array']

const decimalModes = ['string', 'double'].flatMap((mode) => [
  withColumn('numeric', 'header', `header-${mode}`, {}, { 'decimal.handling.mode': mode }),
  withColumn(
    'numeric',
    'envelope',
    `envelope-${mode}`,
    { value: jsonConverter },
    { 'decimal.handling.mode': mode },
  ),
])

export const columnCases: readonly GoldenCase[] = [
  ...kinds.map((kind) => withColumn(kind, 'header', 'header', { header: simpleHeaders })),
  ...kinds.map((kind) => withColumn(kind, 'envelope', 'envelope', { value: jsonConverter })),
  ...interesting.map((kind) => withColumn(kind, 'header', 'header-json', { header: jsonConverter })),
  ...interesting.map((kind) =>
    withColumn(kind, 'header', 'header-json-schemas', { header: jsonWithSchemas }),
  ),
  ...kinds.map((kind) => withColumn(kind, 'envelope', 'envelope-schemas', { value: jsonWithSchemas })),
  ...decimalModes,
]
