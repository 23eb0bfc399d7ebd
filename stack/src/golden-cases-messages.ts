import {
  type GoldenCase,
  golden,
  jsonConverter,
  jsonWithSchemas,
  literal,
  outboxTable,
  uuid,
} from './golden-case.ts'

const emit = (content: string, transactional = true, prefix = 'outbox'): string =>
  `select pg_logical_emit_message(${transactional}, ${literal(prefix)}, ${literal(content)})`

const message = (n: number, payload: unknown, more: object = {}): string =>
  JSON.stringify({
    ...{ id: uuid(n), aggregatetype: 'Order', aggregateid: `order-${n}`, type: 'OrderCreated', payload },
    ...more,
  })

const decode = {
  transforms: 'decode,outbox',
  'transforms.decode.type': 'io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent',
  'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
}

const decoded = (
  name: string,
  about: string,
  inserts: readonly string[],
  more: Partial<Pick<GoldenCase, 'options' | 'connector'>> & {
    readonly value?: GoldenCase['converters']['value']
  } = {},
): GoldenCase =>
  golden({
    name: `message-${name}`,
    about,
    inserts,
    options: more.options ?? {},
    connector: { ...decode, ...more.connector },
    converters: { value: more.value ?? jsonConverter },
  })

export const messageCases: readonly GoldenCase[] = [
  decoded('transactional', 'a message of a transaction, decoded and routed', [emit(message(1, { a: 1 }))]),
  decoded('not-transactional', 'a message outside of any transaction', [emit(message(1, { a: 1 }), false)]),
  decoded('rolled-back', 'of a transaction that was rolled back only what is not transactional', [
    `begin; ${emit(message(1, 'in'))}; ${emit(message(2, 'out'), false)}; rollback`,
    emit(message(3, 'last')),
  ]),
  decoded('payload-text', 'a payload that is a text of JSON', [emit(message(1, '{"a": 1, "b": [1, 2]}'))]),
  decoded('payload-text-expanded', 'expanded', [emit(message(1, '{"a": 1, "b": [1, 2]}'))], {
    options: { 'table.expand.json.payload': 'true' },
  }),
  decoded(
    'payload-object-schemas',
    'a payload that is an object, with its schema',
    [emit(message(1, { a: 1, b: 'x' }))],
    {
      value: jsonWithSchemas,
    },
  ),
  decoded('nulls', 'members that are null are left out', [
    emit(message(1, { a: null, b: 1 }, { extra: null })),
  ]),
  decoded('nulls-kept', 'or kept', [emit(message(1, { a: null, b: 1 }))], {
    connector: { 'transforms.decode.fields.null.include': 'true' },
  }),
  decoded(
    'placement',
    'a member of the message as a header and in the envelope',
    [emit(message(1, 'x', { tenant: 'acme', n: 7 }))],
    {
      options: { 'table.fields.additional.placement': 'type:header,tenant:envelope,n:header' },
    },
  ),
  decoded('no-payload', 'a message without a payload fails the task', [
    emit(JSON.stringify({ id: uuid(1), aggregatetype: 'Order', aggregateid: 'a', type: 't' })),
  ]),
  decoded('unicode', 'a message of other scripts', [
    emit(message(1, 'Zoë 日本 🦉', { aggregateid: 'ключ' })),
  ]),
  decoded('empty', 'a message without content fails the task', [emit('')]),
  decoded('not-json', 'a message that is not JSON fails the task', [emit('plain')]),
  decoded('array', 'a message that is an array', [emit('[1]')]),
  decoded(
    'prefix',
    'messages of other prefixes are left out',
    [emit(message(1, 'a')), emit(message(2, 'b'), true, 'other'), emit(message(3, 'c'))],
    { connector: { 'message.prefix.include.list': 'outbox' } },
  ),
  golden({
    name: 'message-not-decoded',
    about: 'without decoding a message goes to its own topic, past the router',
    setup: [outboxTable()],
    inserts: [emit('{"a": 1}')],
    converters: { key: jsonConverter, value: jsonConverter },
    connector: { 'message.prefix.include.list': 'outbox' },
    masked: ['ts_ms', 'ts_us', 'ts_ns', 'db', 'sequence', 'txId', 'lsn'],
  }),
]
