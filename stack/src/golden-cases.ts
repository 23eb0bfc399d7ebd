import { type GoldenCase, golden, jsonConverter, jsonWithSchemas, outboxTable, row } from './golden-case.ts'

export const goldenCases: readonly GoldenCase[] = [
  golden({ name: 'defaults', about: 'a row of the standard table with nothing configured' }),
  golden({
    name: 'defaults-json',
    about: 'the same through JsonConverter without schemas: key and payload become JSON strings',
    converters: { key: jsonConverter, value: jsonConverter },
  }),
  golden({
    name: 'defaults-json-schemas',
    about: 'the same through JsonConverter with schemas',
    converters: { key: jsonWithSchemas, value: jsonWithSchemas },
  }),
  golden({
    name: 'several-aggregate-types',
    about: 'each aggregate type has a topic of its own, and keys choose the partition',
    inserts: [
      row({ n: 1, aggregate: 'Order' }),
      row({ n: 2, aggregate: 'Customer' }),
      row({ n: 3, aggregate: 'order' }),
      row({ n: 4, aggregate: 'Order', key: 'ключ' }),
      row({ n: 5, aggregate: 'Order', key: '' }),
    ],
  }),
  golden({
    name: 'placement-header-alias',
    about: 'a column as a header under another name, after the header id',
    options: { 'table.fields.additional.placement': 'type:header:eventType' },
  }),
  golden({
    name: 'placement-envelope',
    about: 'one column in the envelope makes the value a struct with the payload in it',
    options: { 'table.fields.additional.placement': 'type:envelope:eventType' },
    converters: { value: jsonConverter },
  }),
  golden({
    name: 'expand-object',
    about: 'the payload parsed and written again',
    options: { 'table.expand.json.payload': 'true' },
    inserts: [row({ payload: '{"b": 1, "a": "x", "nested": {"deep": [1, 2]}}' })],
    converters: { value: jsonConverter },
  }),
  golden({
    name: 'missing-payload-column',
    about: 'a payload column that the table does not have fails the task',
    options: { 'table.field.event.payload': 'body' },
  }),
  golden({
    name: 'payload-null',
    about: 'a null payload without tombstones',
    inserts: [row({ payload: null })],
    setup: [outboxTable('text')],
  }),
]
