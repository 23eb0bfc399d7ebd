import type { ConnectField, ConnectSchema, ConnectValue, SchemaAndValue, Struct } from './connect-schema.ts'
import { type JsonNode, parseJson } from './parse-json.ts'

/** `table.json.payload.null.behavior`. */
export type NullMembers = 'ignore' | 'optional_bytes'

/** Why a text stays a text. */
export class NotExpandable extends Error {}

const optional = (type: ConnectSchema['type']): ConnectSchema => ({ type, optional: true })
const schemas = {
  string: optional('string'),
  boolean: optional('boolean'),
  int32: optional('int32'),
  int64: optional('int64'),
  double: optional('double'),
  bytes: optional('bytes'),
}

const whole = /^-?\d+$/

const fits = (value: bigint, bits: number): boolean => BigInt.asIntN(bits, value) === value

/** A whole number beyond 64 bits counts as a floating one, which it then cannot be. */
const numberSchema = (text: string): ConnectSchema => {
  if (!whole.test(text)) return schemas.double
  const value = BigInt(text)
  if (fits(value, 32)) return schemas.int32
  return fits(value, 64) ? schemas.int64 : schemas.double
}

/** The first element that is not null, which stands for all; they have to be of its kind. */
const sampleOf = (items: readonly JsonNode[]): JsonNode => {
  const [sample, ...others] = items.filter(({ kind }) => kind !== 'null')
  if (sample === undefined) return { kind: 'null' }
  for (const other of others) {
    if (other.kind !== sample.kind) throw new NotExpandable('an array holds values of several kinds')
    if (sample.kind !== 'number' || other.kind !== 'number') continue
    if (numberSchema(sample.text) !== numberSchema(other.text)) {
      throw new NotExpandable('an array holds numbers of several kinds')
    }
  }
  return sample
}

const sameFields = (a: readonly ConnectField[], b: readonly ConnectField[]): boolean =>
  a.length === b.length &&
  a.every(({ name, schema }, index) => {
    const other = b[index]
    return other !== undefined && other.name === name && sameSchema(other.schema, schema)
  })

/** Of two inferred schemas. */
const sameSchema = (a: ConnectSchema, b: ConnectSchema): boolean =>
  a === b ||
  (a.type === b.type &&
    a.optional === b.optional &&
    a.name === b.name &&
    (a.items === undefined || b.items === undefined ? a.items === b.items : sameSchema(a.items, b.items)) &&
    sameFields(a.fields ?? [], b.fields ?? []))

/** Of two schemas of one member: where Java's router loses what the second one adds, both are kept here. */
const mergeMember = (left: ConnectSchema, right: ConnectSchema): ConnectSchema => {
  if (left.type === 'bytes') return right
  if (left.type !== 'struct' || right.type !== 'struct' || sameSchema(left, right)) return left
  return { ...left, fields: mergeFields(left.fields ?? [], right.fields ?? []) }
}

const mergeFields = (left: readonly ConnectField[], right: readonly ConnectField[]): ConnectField[] => {
  const merged = new Map(left.map((field) => [field.name, field.schema]))
  for (const { name, schema } of right) {
    const known = merged.get(name)
    merged.set(name, known === undefined ? schema : mergeMember(known, schema))
  }
  return [...merged].map(([name, schema]) => ({ name, schema }))
}

/** Names of structs are paths: `payload.customer`. */
const pathTo = (path: string | undefined, member: string): string =>
  path === undefined || path.trim() === '' ? member : `${path}.${member}`

const structSchema = (fields: readonly ConnectField[], name: string | undefined): ConnectSchema => ({
  type: 'struct',
  optional: true,
  name,
  fields,
})

const schemaMaker = (nulls: NullMembers) => {
  const ofObjects = (path: string | undefined, items: readonly JsonNode[]): ConnectSchema | undefined => {
    const found: ConnectSchema[] = []
    for (const item of items) {
      const schema = item.kind === 'object' ? of(path, item) : undefined
      if (schema !== undefined && !found.some((known) => sameSchema(known, schema))) found.push(schema)
    }
    const [first, ...others] = found
    if (first === undefined || others.length === 0) return first
    const fields = others.reduce(
      (left, { fields: right = [] }) => mergeFields(left, right),
      [...(first.fields ?? [])],
    )
    // As Java's router has it: what was merged is no longer optional.
    return { ...structSchema(fields, first.name), optional: false }
  }

  const ofArray = (path: string | undefined, items: readonly JsonNode[]): ConnectSchema | undefined => {
    if (items.length === 0) return undefined
    const sample = sampleOf(items)
    const schema = sample.kind === 'object' ? ofObjects(path, items) : of(undefined, sample)
    if (schema === undefined) throw new NotExpandable('an array holds nothing that has a type')
    return { type: 'array', optional: true, items: schema }
  }

  const of = (path: string | undefined, node: JsonNode): ConnectSchema | undefined => {
    if (node.kind === 'null') return nulls === 'optional_bytes' ? schemas.bytes : undefined
    if (node.kind === 'number') return numberSchema(node.text)
    if (node.kind === 'array') return ofArray(path, node.items)
    if (node.kind !== 'object') return schemas[node.kind]
    const fields: ConnectField[] = []
    for (const [name, member] of node.members) {
      if (name === '') throw new NotExpandable('a member has no name')
      const schema = of(pathTo(path, name), member)
      if (schema !== undefined) fields.push({ name, schema })
    }
    return structSchema(fields, path)
  }
  return of
}

const numberValue = (text: string, schema: ConnectSchema): ConnectValue => {
  if (schema.type === 'double' && !whole.test(text)) {
    const value = Number(text)
    if (!Number.isFinite(value)) throw new NotExpandable(`${text} is beyond a double`)
    return value
  }
  if (numberSchema(text) === schema && schema.type !== 'double') return BigInt(text)
  throw new NotExpandable(`${text.slice(0, 50)} is no ${schema.type}`)
}

const structValue = (members: ReadonlyMap<string, JsonNode>, schema: ConnectSchema): Struct => {
  const fields = schema.fields ?? []
  const values = fields.map((field) => {
    const member = members.get(field.name)
    return member === undefined ? null : valueFrom(member, field.schema)
  })
  return { fields, values }
}

const valueFrom = (node: JsonNode, schema: ConnectSchema): ConnectValue => {
  if (node.kind === 'null') {
    if (schema.optional) return null
    throw new NotExpandable('null stands where objects differ')
  }
  if (node.kind === 'number' && (schema.type === 'double' || schema.type.startsWith('int'))) {
    return numberValue(node.text, schema)
  }
  if (node.kind === 'object' && schema.type === 'struct') return structValue(node.members, schema)
  if (node.kind === 'array' && schema.items !== undefined) {
    const { items } = schema
    return node.items.map((item) => valueFrom(item, items))
  }
  if ((node.kind === 'string' || node.kind === 'boolean') && node.kind === schema.type) return node.value
  throw new NotExpandable(`${node.kind} stands where ${schema.type} is expected`)
}

const isEmptyArray = (node: JsonNode): boolean => node.kind === 'array' && node.items.length === 0

/**
 * JSON as a value of Connect, its schema inferred from it as Debezium's router does.
 *
 * @throws NotExpandable, SyntaxError
 */
export const expandJson = (text: string, name: string | undefined, nulls: NullMembers): SchemaAndValue => {
  if (!text.startsWith('{') && !text.startsWith('['))
    throw new NotExpandable('it begins with neither { nor [')
  const node = parseJson(text)
  // Its schema is lost and the text is kept: what becomes of it has no schema.
  if (isEmptyArray(node)) return { schema: undefined, value: text }
  if (node.kind !== 'object') throw new NotExpandable('the payload is an array')
  const schema = schemaMaker(nulls)(name, node)
  if (schema === undefined) throw new NotExpandable('it has no type')
  return { schema, value: valueFrom(node, schema) }
}
