import { didYouMean } from '../error/did-you-mean.ts'
import { readConverters } from './connector-converters.ts'
import { connectorNames, connectorOption } from './connector-options.ts'
import { type OutboxMessages, outboxMessages } from './outbox-messages.ts'
import { type OutboxTable, outboxTable, type RefillOptions, refuseFaults } from './outbox-table.ts'
import { type Faults, readRouterOptions } from './router-options.ts'

/** The file of a connector as one POSTs it to Kafka Connect, or only its `config`, parsed or as text. */
export type ConnectorFile = string | Readonly<Record<string, unknown>>

export interface FromConnectorOptions {
  /** Settings of the worker that the connector falls back on, such as `value.converter`. */
  readonly worker?: Readonly<Record<string, unknown>>
  readonly publication?: string
  readonly slot?: string
  readonly refill?: RefillOptions
  readonly skip?: readonly string[]
}

type Settings = Readonly<Record<string, string>>

const routerClass = 'io.debezium.transforms.outbox.EventRouter'
const decoderClass = 'io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent'
const unwrapClass = 'io.debezium.transforms.ExtractNewRecordState'
const connectorClass = 'io.debezium.connector.postgresql.PostgresConnector'

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const parsed = (file: ConnectorFile): unknown => {
  if (typeof file !== 'string') return file
  try {
    return JSON.parse(file)
  } catch {
    return undefined
  }
}

const texts = (given: Readonly<Record<string, unknown>>): Settings =>
  Object.fromEntries(
    Object.entries(given)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  )

const settingsOf = (file: ConnectorFile): Settings => {
  const found = parsed(file)
  if (!isRecord(found)) refuseFaults(['the file of the connector is not a JSON object'])
  const whole = isRecord(found) ? found : {}
  return texts(isRecord(whole['config']) ? whole['config'] : whole)
}

/** Settings that begin with a prefix, without it. */
const under = (settings: Settings, prefix: string): Settings =>
  Object.fromEntries(
    Object.entries(settings)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  )

interface Transforms {
  readonly router: Settings
  /** Settings of the transform that decodes messages, where there is one. */
  readonly decoder: Settings | undefined
}

const otherFault = (name: string, type: string): string =>
  type === unwrapClass
    ? `transforms.${name}: ${type} unwraps rows before the router sees them, which then does nothing; remove it`
    : `transforms.${name}: ${type || 'a transform without a type'} is not supported; remove it, or let the router do its work`

const readTransforms = (settings: Settings, faults: Faults): Transforms => {
  const names = (settings['transforms'] ?? '').split(',').map((name) => name.trim())
  let router: Settings | undefined
  let decoder: Settings | undefined
  for (const name of names.filter((given) => given !== '')) {
    const { type = '', ...options } = under(settings, `transforms.${name}.`)
    if (type === routerClass && router === undefined) router = options
    else if (type === decoderClass && router === undefined) decoder = options
    else faults.push(otherFault(name, type))
  }
  if (router === undefined) faults.push(`transforms: none is the ${routerClass}`)
  return { router: router ?? {}, decoder }
}

const isTransform = (name: string): boolean => name === 'transforms' || name.startsWith('transforms.')
const isConverter = (name: string): boolean => /^(key|value|header)\.converter(\.|$)/.test(name)

const read = [
  'connector.class',
  'topic.prefix',
  'extended.headers.enabled',
  'decimal.handling.mode',
  'binary.handling.mode',
  'time.precision.mode',
  'interval.handling.mode',
  'message.prefix.include.list',
  'message.prefix.exclude.list',
]

const checkRest = (settings: Settings, faults: Faults): void => {
  for (const [name, value] of Object.entries(settings)) {
    if (isTransform(name) || isConverter(name) || read.includes(name)) continue
    const verdict = connectorOption(name, value)
    if (verdict === undefined) {
      faults.push(`unknown option ${name}${didYouMean(name, [...read, ...connectorNames])}`)
    } else if (verdict !== 'no effect') {
      faults.push(`${name} is not supported: ${verdict.refused}`)
    }
  }
  const type = settings['connector.class'] ?? connectorClass
  if (type !== connectorClass && type !== 'PostgresConnector' && type !== 'Postgres') {
    faults.push(`connector.class: ${type} is not ${connectorClass}`)
  }
}

/** Lists may be patterns; one that is a plain name is all that can be honoured. */
const onlyName = (settings: Settings, option: string, faults: Faults): string => {
  const value = (settings[option] ?? '').replaceAll('\\.', '.').trim()
  if (!/^[\w.]+$/.test(value)) faults.push(`${option}: ${JSON.stringify(value)} is not one plain name`)
  return value
}

/** Router options as they are given: a name of ours that is unknown to it was silently ignored by the original. */
const withoutAdjustment = (
  { 'field.name.adjustment.mode': mode = 'none', ...options }: Settings,
  faults: Faults,
) => {
  if (mode !== 'none')
    faults.push(`field.name.adjustment.mode is not supported: names of members are not adjusted`)
  return options
}

const connectorPart = (settings: Settings) => ({
  ...Object.fromEntries(
    read
      .filter((name) => name.endsWith('.mode') && settings[name] !== undefined)
      .map((name) => [name, settings[name]?.trim().toLowerCase()]),
  ),
  'topic.prefix': settings['topic.prefix'] ?? '',
  'extended.headers.enabled': settings['extended.headers.enabled'] !== 'false',
})

/**
 * Takes the file of a Debezium connector with an EventRouter as it is: nobody has to translate it. Its meaning is
 * Debezium's in all its defaults; what has no effect on what is published is passed over.
 *
 * @throws INVALID_CONFIG naming every option that cannot be honoured
 */
export const fromConnector = (
  file: ConnectorFile,
  { worker = {}, ...options }: FromConnectorOptions = {},
): OutboxTable | OutboxMessages => {
  const settings = settingsOf(file)
  const faults: Faults = []
  const { router, decoder } = readTransforms(settings, faults)
  const eventRouter = withoutAdjustment(router, faults)
  readRouterOptions(eventRouter, faults)
  checkRest(settings, faults)
  const converters = readConverters({ ...texts(worker), ...settings }, faults)
  if (settings['topic.prefix'] === undefined) faults.push('topic.prefix is missing')
  const name = onlyName(
    settings,
    decoder === undefined ? 'table.include.list' : 'message.prefix.include.list',
    faults,
  )
  refuseFaults(faults)
  const form = { eventRouter, converters, connector: connectorPart(settings) }
  if (decoder === undefined) return outboxTable({ table: name, ...form, ...options })
  const keepNulls = decoder['fields.null.include'] === 'true'
  // Nothing of a message is left to refill from.
  const { refill: _refill, ...shared } = options
  return outboxMessages({ prefix: name, keepNulls, ...form, ...shared })
}
