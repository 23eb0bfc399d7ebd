/** One converter of Kafka Connect, its class without the package, and its settings. */
export interface Converter {
  readonly class: string
  readonly settings?: Readonly<Record<string, string>>
}

/** One setup of Debezium's outbox, and the statements whose records are to be recorded. */
export interface GoldenCase {
  /** Of the file, in kebab-case. */
  readonly name: string
  readonly about: string
  /** Run before the slot exists; one statement each. */
  readonly setup: readonly string[]
  /** Run one after the other once the slot exists; a string of several statements is one transaction. */
  readonly inserts: readonly string[]
  /** Of the EventRouter, without its prefix. */
  readonly options: Readonly<Record<string, string>>
  /** Of the connector, beyond where the database is. */
  readonly connector: Readonly<Record<string, string>>
  readonly converters: { readonly key: Converter; readonly value: Converter; readonly header: Converter }
  /** Members of values that differ from run to run, and are written down as null. */
  readonly masked?: readonly string[]
}

export const stringConverter: Converter = { class: 'org.apache.kafka.connect.storage.StringConverter' }
export const jsonConverter: Converter = {
  class: 'org.apache.kafka.connect.json.JsonConverter',
  settings: { 'schemas.enable': 'false' },
}
export const jsonWithSchemas: Converter = {
  class: 'org.apache.kafka.connect.json.JsonConverter',
  settings: { 'schemas.enable': 'true' },
}
export const byteArrayConverter: Converter = {
  class: 'org.apache.kafka.connect.converters.ByteArrayConverter',
}
export const binaryDataConverter: Converter = { class: 'io.debezium.converters.BinaryDataConverter' }
export const simpleHeaders: Converter = { class: 'org.apache.kafka.connect.storage.SimpleHeaderConverter' }

/** Debezium's standard table, with what a case needs beyond it. */
export const outboxTable = (payload = 'jsonb', more = ''): string =>
  `create table outbox (id uuid primary key, aggregatetype varchar(255) not null, aggregateid varchar(255) not null, ` +
  `type varchar(255) not null, payload ${payload}${more === '' ? '' : `, ${more}`})`

export const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** A literal of PostgreSQL. */
export const literal = (text: string | null): string =>
  text === null ? 'null' : `'${text.replaceAll("'", "''")}'`

export interface Row {
  readonly n?: number
  readonly aggregate?: string
  readonly key?: string
  readonly type?: string
  readonly payload?: string | null
  /** Further columns and their SQL expressions. */
  readonly more?: Readonly<Record<string, string>>
}

/** One row of the standard table. */
export const row = ({ n = 1, more = {}, ...given }: Row): string => {
  const { aggregate = 'Order', key = `order-${n}`, type = 'OrderCreated', payload = `{"id": ${n}}` } = given
  const columns = ['id', 'aggregatetype', 'aggregateid', 'type', 'payload', ...Object.keys(more)]
  const values = [uuid(n), aggregate, key, type, payload].map(literal)
  return `insert into outbox (${columns.join(', ')}) values (${[...values, ...Object.values(more)].join(', ')})`
}

type Given = Pick<GoldenCase, 'name' | 'about'> &
  Partial<Omit<GoldenCase, 'converters'>> & { readonly converters?: Partial<GoldenCase['converters']> }

/** A case with the standard table, one row, no options, and the converters of the documentation's example. */
export const golden = ({ converters, ...given }: Given): GoldenCase => ({
  setup: [outboxTable()],
  inserts: [row({})],
  options: {},
  connector: {},
  ...given,
  converters: { key: stringConverter, value: stringConverter, header: simpleHeaders, ...converters },
})
