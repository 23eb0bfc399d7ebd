import {
  type Converter,
  type GoldenCase,
  golden,
  jsonConverter,
  jsonWithSchemas,
  outboxTable,
  row,
  stringConverter,
} from './golden-case.ts'

const expanded = (
  name: string,
  about: string,
  payloads: readonly (string | null)[],
  more: {
    readonly options?: Readonly<Record<string, string>>
    readonly value?: Converter
    readonly type?: string
  } = {},
): GoldenCase =>
  golden({
    name: `expand-${name}`,
    about,
    setup: [outboxTable(more.type ?? 'jsonb')],
    inserts: payloads.map((payload, index) => row({ n: index + 1, payload })),
    options: { 'table.expand.json.payload': 'true', ...more.options },
    converters: { value: more.value ?? jsonConverter },
  })

const object = '{"b": 1, "a": "x", "nested": {"deep": [1, 2], "more": {"yes": true}}}'
const nulls = '{"a": null, "b": {"c": null}, "d": [null, 2, 3], "e": [null], "f": 1}'
const empties = '{"a": [], "b": {"c": []}, "d": {}, "e": [[]], "f": [{}], "g": [[], [1]], "h": ""}'

const numbers: readonly GoldenCase[] = [
  expanded('integers', 'whole numbers up to 64 bits', [
    '{"a": 0, "b": -1, "c": 2147483647, "d": 2147483648, "e": 9007199254740993, "f": 9223372036854775807}',
  ]),
  expanded(
    'integers-schemas',
    'which of them are 32 bits and which 64',
    ['{"a": 0, "c": 2147483647, "d": 2147483648, "f": -9223372036854775808}'],
    { value: jsonWithSchemas },
  ),
  expanded('big-integer', 'a whole number beyond 64 bits', ['{"a": 9223372036854775808}']),
  expanded('decimals', 'decimals go through a double', [
    '{"a": 19.90, "b": 0.1, "d": 123456789012345678.123, "e": -0.0}',
    '{"a": 1.5, "b": 100.0, "c": 1e21, "d": 0.0000001, "e": 12345678.9}',
  ]),
  expanded('decimal-beyond-double', 'a decimal that no double holds', ['{"a": 1e400}']),
  expanded('decimals-schemas', 'the type of a decimal', ['{"a": 19.90}'], { value: jsonWithSchemas }),
  expanded('json-exponents', 'numbers as a json column keeps them', ['{"a": 1E5, "b": 1.0e2, "c": 1.50}'], {
    type: 'json',
  }),
  expanded('mixed-numbers', 'numbers of two kinds in one array', ['{"a": [1, 2.0]}']),
  expanded('mixed-widths', 'numbers of two widths in one array', ['{"a": [1, 9007199254740993]}']),
]

const arrays: readonly GoldenCase[] = [
  expanded('arrays', 'arrays of one kind', [
    '{"a": [1, 2], "b": ["x", "y"], "c": [true, false], "d": [[1], [2, 3]]}',
  ]),
  expanded('array-mixed', 'an array of several kinds is left as it was', ['{"a": [1, "x"]}']),
  expanded('array-objects', 'objects in an array with the same members', ['{"a": [{"b": 1}, {"b": 2}]}']),
  expanded('array-objects-differ', 'objects in an array with other members', [
    '{"a": [{"b": 1}, {"b": 2, "c": 3}]}',
    '{"a": [{"b": 1, "c": 3}, {"b": 2}]}',
  ]),
  expanded('array-nested-empty', 'nested arrays, of which the first is empty', ['{"a": [[], [1, 2]]}']),
  expanded('array-null-first', 'an array whose first element is null', ['{"a": [null, 2, 3]}']),
  expanded('empty-arrays', 'empty arrays and objects', [empties]),
  expanded('empty-arrays-kept', 'empty arrays under the option of a later version', ['{"a": [], "b": 1}'], {
    options: { 'table.json.payload.empty.array.behavior': 'optional_string' },
  }),
  expanded('top-level-array', 'a payload that is an array', ['[1, 2, 3]']),
  expanded('top-level-array-objects', 'a payload that is an array of objects', ['[{"a": 1}, {"a": 2}]']),
  expanded('top-level-empty', 'nothing in it', ['{}']),
  expanded('top-level-empty-array', 'an array with nothing in it', ['[]']),
]

const texts: readonly GoldenCase[] = [
  expanded('scalars', 'payloads that are neither object nor array stay texts', [
    '"text"',
    '1',
    'true',
    'null',
  ]),
  expanded('not-json', 'a text that is not JSON stays as it is', ['plain', '{broken', '[1,', ''], {
    type: 'text',
  }),
  expanded('leading-space', 'a text that begins with a space is not looked at', [' {"a": 1}'], {
    type: 'text',
  }),
  expanded('text-object', 'JSON in a text column', ['{"a":1,  "b":"x"}'], { type: 'text' }),
  expanded('text-duplicates', 'a member twice in a text column', ['{"a": 1, "a": 2}'], { type: 'text' }),
  expanded('text-trailing', 'something behind the object', ['{"a": 1} x'], { type: 'text' }),
  expanded('null', 'a null payload', [null]),
  expanded('null-schemas', 'a null payload with schemas', [null], { value: jsonWithSchemas }),
  expanded('unicode', 'texts of other scripts, escapes and control characters', [
    '{"ключ": "Zoë 日本 🦉", "quote\\"": "line\\nbreak\\ttab \\u0001 \\u2028 </script> \\\\ /"}',
  ]),
]

export const jsonCases: readonly GoldenCase[] = [
  expanded('object', 'the payload parsed and written again', [object]),
  expanded('object-schemas', 'the same with its schema', [object], { value: jsonWithSchemas }),
  expanded('object-string', 'through StringConverter it is the text of a Java struct', [object], {
    value: stringConverter,
  }),
  expanded('json-column', 'from a json column', [object], { type: 'json' }),
  expanded('varchar-column', 'from a varchar column', [object], { type: 'varchar(8000)' }),
  expanded('bytea-column', 'a bytea payload is not looked at', ['{"a": 1}'], { type: 'bytea' }),
  expanded('nulls', 'null members are left out', [nulls]),
  expanded('nulls-optional-bytes', 'or kept', [nulls], {
    options: { 'table.json.payload.null.behavior': 'optional_bytes' },
  }),
  expanded('nulls-optional-bytes-schemas', 'and what they are then', ['{"a": null, "b": 1}'], {
    options: { 'table.json.payload.null.behavior': 'optional_bytes' },
    value: jsonWithSchemas,
  }),
  expanded('envelope', 'an expanded payload in an envelope', [object], {
    options: { 'table.fields.additional.placement': 'type:envelope:eventType' },
  }),
  expanded('envelope-schemas', 'with its schema', ['{"a": 1}', '{"a": "x"}'], {
    options: { 'table.fields.additional.placement': 'type:envelope:eventType' },
    value: jsonWithSchemas,
  }),
  expanded('envelope-not-json', 'a payload in an envelope that is not JSON', ['plain'], {
    options: { 'table.fields.additional.placement': 'type:envelope:eventType' },
    type: 'text',
  }),
  expanded('member-names', 'names of members that Avro would refuse', [
    '{"a-b": 1, "1c": 2, "d.e": 3, "": 4}',
  ]),
  expanded('member-names-adjusted', 'and adjusted ones', ['{"a-b": 1, "1c": 2, "d.e": 3}'], {
    options: { 'field.name.adjustment.mode': 'avro' },
  }),
  ...numbers,
  ...arrays,
  ...texts,
]
