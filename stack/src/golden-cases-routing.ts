import { type GoldenCase, golden, jsonConverter, outboxTable, row } from './golden-case.ts'

/** A group of the pattern, as Java writes it in a replacement. */
const group = (name: string): string => `\${${name}}`

const types = (...names: readonly string[]): readonly string[] =>
  names.map((aggregate, index) => row({ n: index + 1, aggregate }))

const routed = (
  name: string,
  about: string,
  options: Readonly<Record<string, string>>,
  inserts: readonly string[] = types('Order', 'customer', 'billing.Invoice'),
): GoldenCase => golden({ name: `route-${name}`, about, options, inserts })

const operation = (
  name: string,
  about: string,
  inserts: readonly string[],
  more: {
    readonly options?: Readonly<Record<string, string>>
    readonly connector?: Readonly<Record<string, string>>
  } = {},
): GoldenCase =>
  golden({
    name: `operation-${name}`,
    about,
    inserts,
    options: more.options ?? {},
    connector: more.connector ?? {},
  })

const update = `update outbox set type = 'changed'`
const invalid = (behavior: string) => ({ options: { 'table.op.invalid.behavior': behavior } })

export const routingCases: readonly GoldenCase[] = [
  routed('default', 'the aggregate type behind outbox.event., case as it is', {}),
  routed('replacement', 'another name around the aggregate type', {
    'route.topic.replacement': `${group('routedByValue')}.events`,
  }),
  routed('fixed', 'one topic for all', { 'route.topic.replacement': 'portal-event' }),
  routed('by-field', 'by another column', { 'route.by.field': 'type' }),
  routed('regex', 'a part of the aggregate type', {
    'route.topic.regex': '(?<domain>[a-z]+)\\.(?<name>.*)',
    'route.topic.replacement': `${group('domain')}-${group('name')}-events`,
  }),
  routed('regex-numbered', 'a part by its number, and a dollar that is none', {
    'route.topic.regex': '(.)(.*)',
    'route.topic.replacement': '$2.$1_x',
  }),
  routed('no-match', 'an aggregate type that does not match is the topic itself', {
    'route.topic.regex': 'Order',
    'route.topic.replacement': 'orders',
  }),
  routed('partial-match', 'the pattern has to match the whole', {
    'route.topic.regex': 'Ord',
    'route.topic.replacement': 'orders',
  }),
  routed('regex-empty-match', 'a pattern that also matches nothing is replaced once', {
    'route.topic.regex': '[A-Za-z]*',
    'route.topic.replacement': 'x$0',
  }),
  routed('regex-broken', 'a pattern that is none is refused', { 'route.topic.regex': ' [[a-z]' }),
  routed('replacement-unknown-group', 'a group that the pattern does not have', {
    'route.topic.replacement': `x.${group('nobody')}`,
  }),
  routed('missing-field', 'a column that the table does not have fails the task', {
    'route.by.field': 'topic',
  }),
  routed('refused-topic', 'a name that Kafka refuses fails the task', {}, types('Größe / Maß')),
  routed('empty', 'an empty aggregate type', {}, types('')),
  golden({
    name: 'route-null',
    about: 'a null aggregate type fails the task',
    setup: [outboxTable().replace('aggregatetype varchar(255) not null', 'aggregatetype text')],
    inserts: [row({}).replace("'Order'", 'null')],
  }),
  golden({
    name: 'route-int',
    about: 'a column that is not a text fails the task',
    setup: [outboxTable('jsonb', 't int')],
    inserts: [row({ more: { t: '1' } })],
    options: { 'route.by.field': 't' },
  }),
  golden({
    name: 'transaction',
    about: 'rows of one transaction in their order, and none of one that was rolled back',
    inserts: [
      `begin; ${[1, 2, 3].map((n) => row({ n, key: 'one' })).join('; ')}; commit`,
      `begin; ${row({ n: 4, key: 'one' })}; rollback`,
      row({ n: 5, key: 'one' }),
    ],
    converters: { key: jsonConverter },
  }),
  operation('update-warn', 'a change of a row is dropped', [row({}), update, row({ n: 2 })]),
  operation('update-error', 'so it is here', [row({}), update, row({ n: 2 })], invalid('error')),
  operation('update-fatal', 'here it fails the task', [row({}), update, row({ n: 2 })], invalid('fatal')),
  operation('behavior-unknown', 'a behaviour that does not exist is refused', [row({})], invalid('ignore')),
  operation('delete', 'the removal of a row is dropped', [row({}), 'delete from outbox', row({ n: 2 })]),
  operation(
    'delete-fatal',
    'also where a change fails',
    [row({}), 'delete from outbox', row({ n: 2 })],
    invalid('fatal'),
  ),
  operation(
    'delete-tombstones',
    'a tombstone of the connector itself is dropped too',
    [row({}), 'delete from outbox'],
    {
      connector: { 'tombstones.on.delete': 'true' },
    },
  ),
  operation('insert-and-delete', 'a row that is removed in its own transaction is published', [
    `begin; ${row({})}; delete from outbox; commit`,
  ]),
  operation('truncate', 'emptying the table is nothing by default', [
    row({}),
    'truncate outbox',
    row({ n: 2 }),
  ]),
  operation('truncate-not-skipped', 'and here it is read', [row({}), 'truncate outbox', row({ n: 2 })], {
    connector: { 'skipped.operations': 'none' },
  }),
  operation('key-changed', 'a change of the primary key is a removal and an insert', [
    row({}),
    "update outbox set id = '00000000-0000-4000-8000-000000000009'",
  ]),
]
