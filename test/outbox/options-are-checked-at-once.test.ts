import { fromConnector, outboxMessages, outboxTable } from 'onewrite/outbox'
import { describe, expect, it } from 'vitest'

/** The options as somebody without types would give them. */
const checked = (make: (options: never) => unknown, options: object): (() => unknown) => {
  const loose: (given: object) => unknown = (given) => Reflect.apply(make, undefined, [given])
  return () => loose(options)
}

const refusal = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return 'accepted'
}

describe('the options of a table', () => {
  it('are Debezium’s, and every fault of them is named', () => {
    const message = refusal(
      checked(outboxTable, {
        table: 'public.out box',
        slott: 'x',
        eventRouter: {
          'table.field.event.kye': 'id',
          'table.expand.json.payload': 'yes',
          'table.fields.additional.placement': 'type:headr,tenant,a:envelope:x,b:envelope:x',
          'table.op.invalid.behavior': 'ignore',
          'route.topic.regex': '(?>a)b',
          'tracing.span.context.field': 'tracingspancontext',
        },
        converters: { key: 'avro', value: { type: 'json', schema: false } },
        connector: { 'decimal.handling.mode': 'exact', 'topic.prefx': 'dbz' },
        refill: { order: 'id' },
        skip: ['now'],
      }),
    )
    for (const fault of [
      'table "public.out box" is not schema.table',
      'unknown option slott; did you mean slot?',
      'unknown option table.field.event.kye; did you mean table.field.event.key?',
      'table.expand.json.payload: yes is none of false, true',
      'headr is no place; did you mean header?',
      '"tenant" is not column:place',
      'the envelope would have x twice',
      'table.op.invalid.behavior: ignore is none of warn, error, fatal',
      'route.topic.regex: an atomic group (?>…) is not supported',
      'tracing.span.context.field is not supported: place the column as a header instead',
      'converters.key: avro is no converter',
      'converters.value: unknown option schema; did you mean schemas?',
      'decimal.handling.mode: exact is none of precise, double, string',
      'unknown option connector.topic.prefx; did you mean topic.prefix?',
      'unknown option refill.order',
      'skip is no list of places',
      'INVALID_CONFIG',
    ]) {
      expect(message).toContain(fault)
    }
  })

  it('have the defaults of the original', () => {
    const { form, schema, table } = outboxTable({ table: 'outbox' })
    expect([schema, table]).toEqual(['public', 'outbox'])
    expect(form.router).toMatchObject({
      id: 'id',
      key: 'aggregateid',
      payload: 'payload',
      routeBy: 'aggregatetype',
      expand: false,
      tombstones: false,
      changed: 'warn',
    })
    expect(form.router.route('Order')).toBe('outbox.event.Order')
  })
})

it('messages need a prefix', () => {
  expect(refusal(checked(outboxMessages, { prefix: '', keepNulls: 1 }))).toMatch(
    /prefix is no text; keepNulls is neither true nor false/,
  )
})

const router = 'io.debezium.transforms.outbox.EventRouter'
const text = 'org.apache.kafka.connect.storage.StringConverter'
const file = {
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'topic.prefix': 'dbz',
  'table.include.list': 'shop\\.outbox',
  'key.converter': text,
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': 'false',
  'database.hostname': 'db',
  'slot.name': 'debezium',
  'heartbeat.interval.ms': 10_000,
  'snapshot.mode': 'initial',
  transforms: 'outbox',
  'transforms.outbox.type': router,
  'transforms.outbox.table.field.event.key': 'subject',
  'transforms.outbox.table.expand.json.payload': true,
}

describe('the file of a connector', () => {
  it('is taken as it is, whole or only its config, parsed or as text', () => {
    for (const given of [file, { name: 'c', config: file }, JSON.stringify({ name: 'c', config: file })]) {
      const outbox = fromConnector(given, { slot: 'mine' })
      expect(outbox).toMatchObject({ kind: 'table', schema: 'shop', table: 'outbox', slot: 'mine' })
      expect(outbox.form.router).toMatchObject({ key: 'subject', expand: true })
      expect(outbox.form).toMatchObject({ topicPrefix: 'dbz', extendedHeaders: true })
      const payload = { type: 'string', optional: true } as const
      expect(outbox.form.converters.value.encode(payload, 'a"b')).toBe('"a\\"b"')
      expect(outbox.form.converters.key.encode(payload, 'a"b')).toBe('a"b')
    }
  })

  it('falls back on what the worker says, where it is given', () => {
    const { 'key.converter': _key, ...rest } = file
    expect(refusal(() => fromConnector(rest))).toContain('key.converter is that of the worker')
    const outbox = fromConnector(rest, { worker: { 'key.converter': text, 'group.id': 'connect' } })
    expect(outbox.form.converters.key.encode({ type: 'int32', optional: false }, 7n)).toBe('7')
  })

  it('is refused with every option that cannot be honoured, and typos are guessed', () => {
    const message = refusal(() =>
      fromConnector({
        ...file,
        'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
        'table.include.list': 'public.outbox,public.other',
        'value.converter': 'io.confluent.connect.avro.AvroConverter',
        'column.mask.with.12.chars': 'public.outbox.payload',
        'tombstone.on.delete': 'false',
        'schema.name.adjustment.mode': 'avro',
        transforms: 'unwrap,outbox,route',
        'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
        'transforms.route.type': 'org.apache.kafka.connect.transforms.RegexRouter',
        'transforms.outbox.table.field.event.metadata': 'metadata',
      }),
    )
    for (const fault of [
      'transforms.unwrap: io.debezium.transforms.ExtractNewRecordState unwraps rows before the router sees them',
      'transforms.route: org.apache.kafka.connect.transforms.RegexRouter is not supported',
      'unknown option table.field.event.metadata',
      'connector.class: io.debezium.connector.mysql.MySqlConnector is not',
      'table.include.list: "public.outbox,public.other" is not one plain name',
      'value.converter: io.confluent.connect.avro.AvroConverter is not supported',
      'column.mask.with.12.chars is not supported: columns are neither masked',
      'unknown option tombstone.on.delete; did you mean tombstones.on.delete?',
      'schema.name.adjustment.mode is not supported: names of schemas are not adjusted',
    ]) {
      expect(message).toContain(fault)
    }
  })

  it('needs a router, and to be JSON', () => {
    const { transforms: _none, ...without } = file
    expect(refusal(() => fromConnector(without))).toContain(`none is the ${router}`)
    expect(refusal(() => fromConnector('name=outbox'))).toContain('is not a JSON object')
  })
})
