import { didYouMean } from '../error/did-you-mean.ts'
import { OnewriteError } from '../error/onewrite-error.ts'
import { type Converter, type ConverterOptions, checkConverter, converter } from './converter.ts'
import {
  type EventRouterOptions,
  type Faults,
  oneOf,
  type RouterConfig,
  readRouterOptions,
} from './router-options.ts'
import type { ValueOptions } from './value-options.ts'

/** Options of Debezium's connector that change bytes, under their names there. */
export interface OutboxConnectorOptions extends Partial<ValueOptions> {
  /** Begins the names of schemas, and is told in extended headers. */
  readonly 'topic.prefix'?: string
  /** The headers `__debezium.context.*`. Default false: they tell of a connector that is not there. */
  readonly 'extended.headers.enabled'?: boolean
}

export interface OutboxConverters {
  /** Default `string`. */
  readonly key?: ConverterOptions
  /** Default `string`. */
  readonly value?: ConverterOptions
  /** Default `simple`. */
  readonly header?: ConverterOptions
}

export interface RefillOptions {
  /** Column in whose order rows are published again after the position was lost. */
  readonly orderBy: string
}

export interface OutboxTableOptions {
  /** `schema.table`, or a table of the schema `public`. */
  readonly table: string
  readonly eventRouter?: EventRouterOptions
  readonly converters?: OutboxConverters
  readonly connector?: OutboxConnectorOptions
  /** Name of the publication. Default: that of the relay. */
  readonly publication?: string
  /** Name of the replication slot. Default: that of the relay. */
  readonly slot?: string
  /** Default: the relay stops when its position is lost. */
  readonly refill?: RefillOptions
  /** Commits, as OUTBOX_ROW_REFUSED names them, whose rows are left out where they cannot be published. */
  readonly skip?: readonly string[]
}

/** How records are made, checked. */
export interface RecordForm {
  readonly router: RouterConfig
  readonly values: ValueOptions
  readonly converters: { readonly key: Converter; readonly value: Converter; readonly header: Converter }
  readonly topicPrefix: string
  readonly extendedHeaders: boolean
}

/** An outbox table that another program writes, and what becomes of its rows. Made by `outboxTable`. */
export interface OutboxTable {
  readonly kind: 'table'
  readonly schema: string
  readonly table: string
  readonly form: RecordForm
  readonly publication: string | undefined
  readonly slot: string | undefined
  readonly refill: RefillOptions | undefined
  readonly skip: ReadonlySet<string>
}

const formOptions = ['eventRouter', 'converters', 'connector']
const tableOptions = ['table', 'publication', 'slot', 'refill', 'skip', ...formOptions]
const uses = ['key', 'value', 'header'] as const

type Given = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Given => typeof value === 'object' && value !== null

export const checkNames = (
  place: string,
  given: object,
  allowed: readonly string[],
  faults: Faults,
): void => {
  for (const name of Object.keys(given)) {
    if (!allowed.includes(name)) faults.push(`unknown option ${place}${name}${didYouMean(name, allowed)}`)
  }
}

const part = (options: Given, name: string, faults: Faults): Given => {
  const value = options[name] ?? {}
  if (isRecord(value)) return value
  faults.push(`${name} is not an object`)
  return {}
}

const readConverters = (given: Given, faults: Faults): RecordForm['converters'] => {
  checkNames('converters.', given, uses, faults)
  const read = (use: (typeof uses)[number], byDefault: ConverterOptions): Converter => {
    const options = given[use] ?? byDefault
    const before = faults.length
    checkConverter(`converters.${use}`, options, faults)
    return faults.length > before || !isOptions(options) ? converter(byDefault) : converter(options)
  }
  return { key: read('key', 'string'), value: read('value', 'string'), header: read('header', 'simple') }
}

/** What `checkConverter` found no fault with. */
const isOptions = (options: unknown): options is ConverterOptions =>
  typeof options === 'string' || isRecord(options)

const connectorNames = [
  'topic.prefix',
  'extended.headers.enabled',
  'decimal.handling.mode',
  'binary.handling.mode',
  'time.precision.mode',
  'interval.handling.mode',
]

const readValueOptions = (given: Given, faults: Faults): ValueOptions => {
  const choice = <const T extends string>(name: string, allowed: readonly [T, ...T[]]): T =>
    oneOf(`connector.${name}`, String(given[name] ?? allowed[0]), allowed, faults)
  return {
    'decimal.handling.mode': choice('decimal.handling.mode', ['precise', 'double', 'string']),
    'binary.handling.mode': choice('binary.handling.mode', ['bytes', 'base64', 'base64-url-safe', 'hex']),
    'time.precision.mode': choice('time.precision.mode', [
      'adaptive',
      'adaptive_time_microseconds',
      'connect',
      'isostring',
      'microseconds',
      'nanoseconds',
    ]),
    'interval.handling.mode': choice('interval.handling.mode', ['numeric', 'string']),
  }
}

/** The part of the options that tables and messages share. */
export const readForm = (options: Given, faults: Faults): RecordForm => {
  const connector = part(options, 'connector', faults)
  checkNames('connector.', connector, connectorNames, faults)
  const extended = connector['extended.headers.enabled'] ?? false
  const prefix = connector['topic.prefix'] ?? ''
  if (typeof extended !== 'boolean')
    faults.push('connector.extended.headers.enabled is neither true nor false')
  if (typeof prefix !== 'string') faults.push('connector.topic.prefix is no text')
  if (extended === true && prefix === '') faults.push('connector.extended.headers.enabled needs topic.prefix')
  return {
    router: readRouterOptions(part(options, 'eventRouter', faults), faults),
    values: readValueOptions(connector, faults),
    converters: readConverters(part(options, 'converters', faults), faults),
    topicPrefix: String(prefix),
    extendedHeaders: extended === true,
  }
}

const namePattern = /^[a-z_][a-z0-9_]{0,62}$/

const checkName = (option: string, value: unknown, faults: Faults): string | undefined => {
  if (value === undefined) return undefined
  if (typeof value === 'string' && namePattern.test(value)) return value
  faults.push(`${option} ${JSON.stringify(value)} is no plain name (a-z, 0-9 and _)`)
  return undefined
}

const readTable = (given: unknown, faults: Faults): { readonly schema: string; readonly table: string } => {
  const parts = typeof given === 'string' ? given.split('.') : []
  const [schema = '', table = ''] = parts.length === 1 ? ['public', ...parts] : parts
  if (parts.length > 2 || !namePattern.test(schema) || !namePattern.test(table)) {
    faults.push(`table ${JSON.stringify(given)} is not schema.table in plain names (a-z, 0-9 and _)`)
  }
  return { schema, table }
}

const readRefill = (given: unknown, faults: Faults): RefillOptions | undefined => {
  if (given === undefined) return undefined
  if (!isRecord(given)) {
    faults.push('refill is not { orderBy: column }')
    return undefined
  }
  checkNames('refill.', given, ['orderBy'], faults)
  const orderBy = checkName('refill.orderBy', given['orderBy'] ?? null, faults)
  return orderBy === undefined ? undefined : { orderBy }
}

/** Places of commits, in the form in which PostgreSQL prints them. */
export const readSkip = (given: unknown, faults: Faults): ReadonlySet<string> => {
  const places = given === undefined ? [] : given
  if (
    Array.isArray(places) &&
    places.every((place) => /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/.test(String(place)))
  ) {
    return new Set(places.map(String))
  }
  faults.push('skip is no list of places in the write-ahead log such as "16/B374D848"')
  return new Set()
}

export const refuseFaults = (faults: Faults): void => {
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
}

/**
 * An outbox table that another program writes, read as Debezium's connector with its EventRouter would: the same
 * topics, partitions, keys, values, headers and timestamps, byte for byte.
 *
 * @throws INVALID_CONFIG naming every fault
 */
export const outboxTable = (options: OutboxTableOptions): OutboxTable => {
  const faults: Faults = []
  const given: Given = { ...options }
  checkNames('', given, tableOptions, faults)
  const outbox: OutboxTable = {
    kind: 'table',
    ...readTable(given['table'], faults),
    form: readForm(given, faults),
    publication: checkName('publication', given['publication'], faults),
    slot: checkName('slot', given['slot'], faults),
    refill: readRefill(given['refill'], faults),
    skip: readSkip(given['skip'], faults),
  }
  refuseFaults(faults)
  return outbox
}
