import { type GoldenCase, golden, jsonConverter, jsonWithSchemas, outboxTable, row } from './golden-case.ts'

const placed = (
  name: string,
  about: string,
  placement: string,
  more: Partial<Omit<GoldenCase, 'converters'>> & { readonly value?: GoldenCase['converters']['value'] } = {},
): GoldenCase => {
  const { value = jsonConverter, options = {}, ...rest } = more
  return golden({
    name,
    about,
    ...rest,
    options: { 'table.fields.additional.placement': placement, ...options },
    converters: { value },
  })
}

const withColumns = (columns: string, ...rows: readonly Readonly<Record<string, string>>[]) => ({
  setup: [outboxTable('jsonb', columns)],
  inserts: rows.map((more, index) => row({ n: index + 1, more })),
})

const partitioned = (name: string, about: string, type: string, values: readonly string[]): GoldenCase =>
  placed(name, about, 'p:partition', withColumns(`p ${type}`, ...values.map((p) => ({ p }))))

const tenant = withColumns('tenant text, deleted boolean', { tenant: "'acme'", deleted: 'false' })

export const placementCases: readonly GoldenCase[] = [
  placed('placement-header', 'a column as a header of its own name', 'type:header'),
  placed('placement-header-alias', 'a column as a header under another name', 'type:header:eventType'),
  placed(
    'placement-envelope',
    'a column in the envelope makes the value a struct',
    'type:envelope:eventType',
  ),
  placed(
    'placement-envelope-schemas',
    'the same with its schema, whose name has the table',
    'type:envelope',
    {
      value: jsonWithSchemas,
    },
  ),
  placed('placement-envelope-types', 'the envelope of one table for two aggregate types', 'type:envelope', {
    inserts: [row({ n: 1, aggregate: 'Order' }), row({ n: 2, aggregate: 'Customer' })],
    value: jsonWithSchemas,
  }),
  placed(
    'placement-many',
    'several columns in the order of the option, with spaces, in any case',
    'tenant:HEADER , type:envelope:eventType, tenant:Envelope:owner , deleted:header:isDeleted',
    tenant,
  ),
  placed(
    'placement-repeated-header',
    'a header twice, and one called id beside the id',
    'type:header:what,tenant:header:what,aggregateid:header:id',
    tenant,
  ),
  placed('placement-same-column', 'one column in two places', 'type:header,type:envelope,type:header:again'),
  placed(
    'placement-envelope-repeated',
    'a name in the envelope twice',
    'type:envelope:a,tenant:envelope:a',
    tenant,
  ),
  placed(
    'placement-envelope-payload',
    'a column called payload in the envelope, beside the payload',
    'type:envelope:payload',
  ),
  placed('placement-null-header', 'a null column as a header', 'tenant:header', {
    ...withColumns('tenant text', { tenant: 'null' }, { tenant: "''" }),
  }),
  placed('placement-null-envelope', 'a null column in the envelope', 'tenant:envelope', {
    ...withColumns('tenant text', { tenant: 'null' }, { tenant: "''" }),
  }),
  placed('placement-unicode-header', 'a name and a value that are not ASCII', 'tenant:header:Mandant-ß', {
    ...withColumns('tenant text', { tenant: "'Zoë 日本 🦉'" }),
  }),
  placed('placement-missing-error', 'a column that the table does not have fails the task', 'tenant:header'),
  placed('placement-missing-ignore', 'or is left out', 'tenant:header,type:header,tenant:envelope', {
    options: { 'table.field.additional.missing': 'ignore' },
  }),
  placed('placement-missing-partition', 'also as the partition', 'p:partition', {
    options: { 'table.field.additional.missing': 'ignore' },
  }),
  placed('placement-unknown', 'a place that does not exist', 'type:body'),
  placed('placement-one-part', 'a column without a place is refused', 'type'),
  placed('placement-four-parts', 'so is one with too much', 'type:header:a:b'),
  placed('placement-empty', 'so is nothing at all', ''),
  placed('placement-trailing-comma', 'a comma at the end', 'type:header,'),
  partitioned('partition-int', 'an int column is the partition', 'int', ['3', '0', '4']),
  partitioned('partition-null', 'a null partition is left to the key', 'int', ['null']),
  partitioned('partition-smallint', 'a smallint as partition fails the task', 'smallint', ['1']),
  partitioned('partition-bigint', 'so does a bigint', 'bigint', ['1']),
  partitioned('partition-negative', 'and a negative number', 'int', ['-1']),
  placed('partition-alias', 'the partition beside an envelope', 'p:partition:where,type:envelope', {
    ...withColumns('p int', { p: '2' }),
  }),
]
