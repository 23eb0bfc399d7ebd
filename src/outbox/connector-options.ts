/** What an option of a connector is to us: a reason to refuse it, or nothing that changes a byte. */
type Verdict = 'no effect' | { readonly refused: string; readonly unless?: readonly string[] }

const noEffect: readonly string[] = [
  'name',
  'config.action.reload',
  'plugin.name',
  'schema.include.list',
  'schema.exclude.list',
  'table.include.list',
  'table.exclude.list',
  'table.ignore.builtin',
  'tombstones.on.delete',
  'message.key.columns',
  'skipped.operations',
  'unavailable.value.placeholder',
  'event.processing.failure.handling.mode',
  'hstore.handling.mode',
  'provide.transaction.metadata',
  'xmin.fetch.interval.ms',
  'read.only',
  'retry.delay.ms',
  'query.fetch.size',
  'lsn.flush.mode',
  'lsn.flush.timeout.ms',
  'custom.metric.tags',
  'exactly.once.support',
  'transaction.boundary',
  'transaction.boundary.interval.ms',
  'schema.refresh.mode',
  'replica.identity.autoset.values',
  'flush.lsn.source',
  'tasks.max',
]

/** Beginnings of names: where the database is, how it is read, and how Connect runs. */
const noEffectBefore: readonly string[] = [
  'advanced.',
  'connection.',
  'connector.',
  'database.',
  'driver.',
  'errors.',
  'executor.',
  'guardrail.',
  'heartbeat.',
  'incremental.',
  'internal.',
  'log.',
  'max.',
  'min.',
  'notification.',
  'offset.',
  'openlineage.',
  'poll.',
  'producer.',
  'publication.',
  'publish.',
  'retriable.',
  'schema.history.',
  'signal.',
  'slot.',
  'snapshot.',
  'statement.',
  'status.',
  'streaming.',
  'tasks.',
  'topic.cache.',
  'topic.creation.',
  'topic.delimiter',
  'topic.heartbeat.',
  'topic.naming.',
  'topic.transaction',
]

const refusals: Readonly<Record<string, Exclude<Verdict, string>>> = {
  converters: { refused: 'custom converters of columns are programs of Java' },
  'post.processors': { refused: 'post processors are programs of Java' },
  'include.unknown.datatypes': {
    refused: 'columns of unknown types are refused, never guessed',
    unless: ['false'],
  },
  'money.fraction.digits': { refused: 'money has two digits here', unless: ['2'] },
  'schema.name.adjustment.mode': { refused: 'names of schemas are not adjusted', unless: ['none'] },
  'field.name.adjustment.mode': { refused: 'names of members are not adjusted', unless: ['none'] },
  'sanitize.field.names': { refused: 'names of members are not adjusted', unless: ['false'] },
  'column.include.list': { refused: 'the router itself names the columns it takes' },
  'column.exclude.list': { refused: 'the router itself names the columns it takes' },
}

const refusedBefore: readonly (readonly [string, string])[] = [
  ['column.', 'columns are neither masked, cut nor annotated'],
  ['datatype.', 'types are not annotated'],
  ['predicates', 'every row of the table is routed'],
]

/** Names that a slip of the pen may have meant. */
export const connectorNames: readonly string[] = [...noEffect, ...Object.keys(refusals)]

/** What an option of the connector means here; undefined for one that is not known. */
export const connectorOption = (name: string, value: string): Verdict | undefined => {
  const refusal = refusals[name]
  if (refusal !== undefined)
    return refusal.unless?.includes(value.toLowerCase()) === true ? 'no effect' : refusal
  const before = refusedBefore.find(([beginning]) => name.startsWith(beginning))
  if (before !== undefined) return { refused: before[1] }
  const known = noEffect.includes(name) || noEffectBefore.some((beginning) => name.startsWith(beginning))
  return known ? 'no effect' : undefined
}
