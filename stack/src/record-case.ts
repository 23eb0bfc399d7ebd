import pg from 'pg'
import type { Connect } from './connect.ts'
import type { ConnectSettings } from './connect-rest.ts'
import { debeziumSettings, eventRouter } from './debezium.ts'
import type { Converter, GoldenCase } from './golden-case.ts'
import { until } from './until.ts'

/** What the task failed of, innermost. */
export interface Failure {
  readonly error: string
  readonly message: string
}

/** A case with a database, a slot and topics of its own. */
export interface Place {
  readonly databaseUrl: string
  /** Of the slot, of the connector, and the beginning of its topics, with a dot behind. */
  readonly id: string
}

/** Topics are created by the connector, with so many partitions. */
export const partitions = 5

const transformsOf = (connector: GoldenCase['connector']): readonly string[] =>
  (connector['transforms'] ?? 'outbox').split(',')

const converterSettings = (use: string, converter: Converter): ConnectSettings =>
  Object.fromEntries([
    [`${use}.converter`, converter.class],
    ...Object.entries(converter.settings ?? {}).map(([name, value]) => [`${use}.converter.${name}`, value]),
  ])

/**
 * Beside the table there is another, whose one row is the last that is written: once its record has left, so have all
 * before it. It goes past the transforms of the case, and its value is plain bytes, which every converter takes.
 */
const lastTable = 'create table last_one (body bytea)'
const lastRow = "insert into last_one values ('\\x00')"

const bystander = (name: string): ConnectSettings => ({
  [`transforms.${name}.predicate`]: 'last',
  [`transforms.${name}.negate`]: true,
})

/** The case's own transforms between those that lead the last row past them and the one that names its topics apart. */
const transformSettings = (given: GoldenCase, id: string): ConnectSettings => {
  const own = transformsOf(given.connector)
  const options = Object.entries(given.options).map(([name, value]) => [`transforms.outbox.${name}`, value])
  return {
    ...(given.connector['transforms'] === undefined ? { 'transforms.outbox.type': eventRouter } : {}),
    ...Object.fromEntries(options),
    ...Object.assign({}, ...own.map(bystander)),
    ...given.connector,
    transforms: ['lastRow', 'lastBody', ...own, 'apart'].join(','),
    predicates: 'last',
    'predicates.last.type': 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
    'predicates.last.pattern': '.*\\.last_one',
    'transforms.lastRow.type': 'io.debezium.transforms.ExtractNewRecordState',
    'transforms.lastRow.predicate': 'last',
    'transforms.lastBody.type': 'org.apache.kafka.connect.transforms.ExtractField$Value',
    'transforms.lastBody.field': 'body',
    'transforms.lastBody.predicate': 'last',
    ...bystander('apart'),
    'transforms.apart.type': 'org.apache.kafka.connect.transforms.RegexRouter',
    'transforms.apart.regex': '(?s)(.*)',
    'transforms.apart.replacement': `${id}.$1`,
  }
}

const settingsOf = (given: GoldenCase, { databaseUrl, id }: Place): ConnectSettings => ({
  ...debeziumSettings({ databaseUrl, slot: id, tables: 'public.outbox.*,public.last_one' }),
  // Names of the connector and of its run, which differ from one to the next.
  'extended.headers.enabled': false,
  'poll.interval.ms': 20,
  'slot.drop.on.stop': true,
  'topic.creation.default.replication.factor': 1,
  'topic.creation.default.partitions': partitions,
  // Records carry the time of the row, and old ones would be gone before they are read.
  'topic.creation.default.retention.ms': -1,
  ...converterSettings('key', given.converters.key),
  ...converterSettings('value', given.converters.value),
  ...converterSettings('header', given.converters.header),
  ...transformSettings(given, id),
})

const runAll = async (client: pg.Client, statements: readonly string[]): Promise<void> => {
  for (const statement of statements) await client.query(statement)
}

const timeout = 60_000

const slotActive = async (client: pg.Client, slot: string): Promise<boolean> => {
  const text = 'select active from pg_replication_slots where slot_name = $1'
  const { rows } = await client.query<{ active: boolean }>(text, [slot])
  return rows[0]?.active === true
}

const writtenUpTo = async (client: pg.Client): Promise<bigint> => {
  const text = "select (pg_current_wal_insert_lsn() - '0/0')::text as position"
  const { rows } = await client.query<{ position: string }>(text)
  return BigInt(rows[0]?.position ?? 0)
}

/** Innermost cause of a Java stack trace. Its message may have lines of its own. */
export const failureOf = (trace: string): Failure => {
  const causes = trace.split(/^Caused by: /m)
  const [head = ''] = (causes.at(-1) ?? '').split(/\n\tat /)
  const colon = head.indexOf(': ')
  if (colon < 0) return { error: head.trim(), message: '' }
  return { error: head.slice(0, colon), message: head.slice(colon + 2).trim() }
}

/** A configuration that Connect refuses outright never has a task; its answer lists the reasons. */
const refusal = (error: unknown): Failure => {
  const text = error instanceof Error ? error.message : String(error)
  const [, body] = /Kafka Connect answered 400 to \/connectors: (.*)$/s.exec(text) ?? []
  if (body === undefined) return failureOf(text.slice(text.indexOf('\n') + 1))
  const { message }: { readonly message: string } = JSON.parse(body)
  const [, reason = message] = /error\(s\):\n(.*?)(\nYou can also|$)/s.exec(message) ?? []
  return { error: 'configuration refused', message: reason.trim() }
}

/** Waits until the last row has left, or the task has failed. */
const whenDone = async (connect: Connect, id: string, position: bigint): Promise<Failure | undefined> => {
  let failure: Failure | undefined
  const settled = async (): Promise<boolean> => {
    const { state, trace = '' } = await connect.status(id)
    if (state === 'FAILED') failure = failureOf(trace)
    const offset = await connect.offset(id)
    return failure !== undefined || BigInt(String(offset?.['lsn'] ?? 0)) >= position
  }
  if (await until(settled, timeout)) return failure
  throw new Error(`${id}: the last row has not left after ${timeout / 1000} s`)
}

const perform = async (client: pg.Client, connect: Connect, given: GoldenCase, place: Place) => {
  await runAll(client, [...given.setup, lastTable])
  try {
    await connect.add(place.id, settingsOf(given, place))
  } catch (error) {
    return refusal(error)
  }
  if (!(await until(() => slotActive(client, place.id), timeout))) throw new Error(`${place.id}: no slot`)
  await runAll(client, given.inserts)
  const position = await writtenUpTo(client)
  await client.query(lastRow)
  return whenDone(connect, place.id, position)
}

/** Runs a case. Its records lie in topics that begin with the place's id; resolves with why its task failed, if so. */
export const recordCase = async (
  connect: Connect,
  given: GoldenCase,
  place: Place,
): Promise<Failure | undefined> => {
  const client = new pg.Client({ connectionString: place.databaseUrl })
  await client.connect()
  try {
    return await perform(client, connect, given, place)
  } catch (error) {
    throw new Error(`golden case ${given.name} cannot be recorded`, { cause: error })
  } finally {
    await connect.remove(place.id).catch(() => undefined)
    await client.end()
  }
}
