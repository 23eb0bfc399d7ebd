import {
  binaryDataConverter,
  byteArrayConverter,
  type Converter,
  type GoldenCase,
  golden,
  jsonConverter,
  jsonWithSchemas,
  outboxTable,
  row,
  stringConverter,
} from './golden-case.ts'

const stringAndJson: readonly (readonly [string, Converter])[] = [
  ['string', stringConverter],
  ['json', jsonConverter],
  ['json-schemas', jsonWithSchemas],
]

interface Payload {
  readonly name: string
  readonly about: string
  readonly type: string
  readonly values: readonly (string | null)[]
  readonly connector?: Readonly<Record<string, string>>
  readonly options?: Readonly<Record<string, string>>
}

const withConverter = (
  { type, values, connector = {}, options = {}, ...given }: Payload,
  suffix: string,
  value: Converter,
): GoldenCase =>
  golden({
    name: `payload-${given.name}-${suffix}`,
    about: given.about,
    setup: [outboxTable(type)],
    inserts: values.map((payload, index) => row({ n: index + 1, payload })),
    connector,
    options,
    converters: { value },
  })

const each = (payload: Payload): readonly GoldenCase[] =>
  stringAndJson.map(([suffix, converter]) => withConverter(payload, suffix, converter))

const unicode = '{"text": "Zoë 日本 🦉", "big": 12345678901234567890.10, "escaped": "a\\u00e9\\n\\"\\\\/"}'

const bytes: Payload = {
  name: 'bytea',
  about: 'a payload of bytes, not all of them UTF-8',
  type: 'bytea',
  values: ['\\x00ff4142', '\\x', '{"a": 1}'],
}

const decimals = (mode: string): readonly GoldenCase[] =>
  each({
    name: `numeric-${mode}`,
    about: `a numeric(12,2) payload under decimal.handling.mode=${mode}`,
    type: 'numeric(12,2)',
    values: ['19.90', '-0.05', '9999999999.99', null],
    connector: { 'decimal.handling.mode': mode },
  })

const tombstones = (
  name: string,
  about: string,
  options: Readonly<Record<string, string>>,
): readonly GoldenCase[] =>
  each({ name, about, type: 'text', values: [null, '', '   ', '\t', '{}'], options })

const tombstone = { 'route.tombstone.on.empty.payload': 'true' }
const envelope = { 'table.fields.additional.placement': 'type:envelope' }

const alone: readonly GoldenCase[] = [
  ['int', 'int', '42'],
  ['boolean', 'boolean', 'true'],
  ['uuid', 'uuid', '00000000-0000-4000-8000-00000000abcd'],
  ['timestamptz', 'timestamptz', '2019-03-24 20:52:59.123456+02'],
  ['float8', 'float8', '0.1'],
  ['xml', 'xml', '<a b="c"/>'],
  ['text-array', 'text[]', '{a,"b c",NULL}'],
].map(([name = '', type = '', value = '']) =>
  golden({
    name: `payload-${name}`,
    about: `a payload of the type ${type}`,
    setup: [outboxTable(type)],
    inserts: [row({ payload: value }), row({ n: 2, payload: null })],
    converters: { value: jsonConverter },
  }),
)

export const payloadCases: readonly GoldenCase[] = [
  ...each({ name: 'jsonb', about: 'jsonb as PostgreSQL prints it', type: 'jsonb', values: [unicode] }),
  ...each({
    name: 'json',
    about: 'json as it was written, with its spaces',
    type: 'json',
    values: ['{ "b" : 1,\n  "a":[ 1,2 ] }', unicode],
  }),
  ...each({
    name: 'text',
    about: 'any text',
    type: 'text',
    values: [unicode, 'plain "quoted" \\ line\nbreak', '🦉'],
  }),
  ...each({ name: 'varchar', about: 'a varchar', type: 'varchar(8000)', values: [unicode] }),
  ...each(bytes),
  withConverter(bytes, 'byte-array', byteArrayConverter),
  withConverter(bytes, 'binary-data', binaryDataConverter),
  withConverter(
    {
      ...bytes,
      name: 'bytea-base64',
      about: 'bytes with binary.handling.mode=base64',
      connector: { 'binary.handling.mode': 'base64' },
    },
    'string',
    stringConverter,
  ),
  withConverter(
    {
      ...bytes,
      name: 'bytea-hex',
      about: 'bytes with binary.handling.mode=hex',
      connector: { 'binary.handling.mode': 'hex' },
    },
    'string',
    stringConverter,
  ),
  withConverter(
    { name: 'bytea-null', about: 'a null payload of bytes', type: 'bytea', values: [null] },
    'byte-array',
    byteArrayConverter,
  ),
  withConverter(
    {
      name: 'jsonb',
      about: 'text through ByteArrayConverter fails the task',
      type: 'jsonb',
      values: [unicode],
    },
    'byte-array',
    byteArrayConverter,
  ),
  withConverter(
    {
      name: 'jsonb',
      about: 'text through BinaryDataConverter fails the task',
      type: 'jsonb',
      values: [unicode],
    },
    'binary-data',
    binaryDataConverter,
  ),
  ...['precise', 'string', 'double'].flatMap(decimals),
  ...each({
    name: 'numeric-free',
    about: 'a numeric payload without a scale of its own',
    type: 'numeric',
    values: ['12345678901234567890.123456789', '1e-10', '0'],
  }).slice(1),
  ...alone,
  ...tombstones('empty', 'null and empty payloads without tombstones', {}),
  ...tombstones('tombstone', 'null and empty payloads as tombstones', tombstone),
  ...tombstones('empty-envelope', 'null and empty payloads in an envelope', envelope),
  ...tombstones('tombstone-envelope', 'null and empty payloads as tombstones although there is an envelope', {
    ...tombstone,
    ...envelope,
  }),
]
