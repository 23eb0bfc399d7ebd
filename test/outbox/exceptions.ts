/**
 * Where what we do is not what was recorded, and why. docs/adr/0016-foreign-outbox-tables.md lists the same.
 *
 * - `goes on`: Debezium's task failed; ours publishes what it did and these values behind.
 * - `refuses`: the options, or the table with them, are refused before the first row.
 * - `differs`: ours has these values.
 */
export type Exception =
  | { readonly ours: 'goes on'; readonly more: readonly string[]; readonly why: string }
  | { readonly ours: 'refuses'; readonly message: RegExp; readonly why: string }
  | { readonly ours: 'differs'; readonly values: readonly string[]; readonly why: string }

/** A text as JSON. */
const quoted = (text: string): string => JSON.stringify(text)

const stays = 'what cannot be expanded stays the text it is'

const goesOn = (more: readonly string[], why = stays): Exception => ({ ours: 'goes on', more, why })

const refuses = (message: RegExp, why: string): Exception => ({ ours: 'refuses', message, why })

const differs = (values: readonly string[], why: string): Exception => ({ ours: 'differs', values, why })

const memory = 'the text of bytes in Java says where they lie in memory'
const chain =
  'a row that is unwrapped before the router is none of its business; the router alone does the work'
const commits = 'a message outside of a transaction belongs to no commit, and was perhaps rolled back'

const schemaOf = (aggregate: string): string =>
  `{"schema":{"type":"struct","fields":[{"type":"string","optional":true,"name":"io.debezium.data.Json","version":1,"field":"payload"},{"type":"string","optional":false,"field":"type"}],"optional":false,"name":"dbz.public.outbox.${aggregate}.Value"}`

const inEnvelope = (aggregate: string, id: number): string =>
  `${schemaOf(aggregate)},"payload":{"payload":"{\\"id\\": ${id}}","type":"OrderCreated"}}`

export const exceptions: Readonly<Record<string, Exception>> = {
  'expand-big-integer': goesOn([quoted('{"a": 9223372036854775808}')]),
  'expand-decimal-beyond-double': goesOn([quoted(`{"a": 1${'0'.repeat(400)}}`)]),
  'expand-decimals': goesOn([
    quoted('{"a": 1.5, "b": 100.0, "c": 1000000000000000000000, "d": 0.0000001, "e": 12345678.9}'),
  ]),
  'expand-top-level-array': goesOn(['"[1, 2, 3]"']),
  'expand-top-level-array-objects': goesOn(['"[{\\"a\\": 1}, {\\"a\\": 2}]"']),
  'operation-truncate-not-skipped': goesOn(['{"id": 2}'], 'an emptied table is no event'),
  'expand-empty-arrays-kept': refuses(
    /unknown option table\.json\.payload\.empty\.array\.behavior/,
    'an option of a later version, which this one ignores',
  ),
  'expand-member-names-adjusted': refuses(
    /field\.name\.adjustment\.mode is not supported/,
    'Debezium writes null for every member whose name it adjusts',
  ),
  'option-unknown': refuses(
    /unknown option table\.field\.event\.metadata.*unknown option table\.field\.aggregate\.type/,
    'an unknown option is a slip of the pen, or does nothing',
  ),
  'portal-event-as-written': refuses(/transforms\.unwrap: .*unwraps rows before the router/, chain),
  'portal-event-as-written-pruned': refuses(/transforms\.unwrap: .*unwraps rows before the router/, chain),
  'key-bytea-string': refuses(/table\.field\.event\.key: k: its text in Java/, memory),
  'payload-bytea-string': refuses(/table\.field\.event\.payload: payload: its text in Java/, memory),
  'expand-text-trailing': differs(
    ['"{\\"a\\": 1} x"'],
    'Debezium drops what stands behind the JSON; here the text is none, and stays as it is',
  ),
  'message-not-decoded': differs([], 'what goes past the router is not published'),
  'message-not-transactional': differs([], commits),
  'message-rolled-back': differs(['"last"'], commits),
  'operation-key-changed': differs(
    ['{"id": 1}'],
    'a change of the primary key is a change, and no new event',
  ),
  'placement-envelope-types': differs(
    [inEnvelope('Customer', 2), inEnvelope('Order', 1)],
    'Debezium names the schema after the aggregate type it happened to see first since its start',
  ),
}
