import { didYouMean } from '../error/did-you-mean.ts'
import type { NullMembers } from './expand-json.ts'
import { javaRouting, type Routing } from './java-pattern.ts'

type Flag = boolean | 'true' | 'false'

/** Options of Debezium's `io.debezium.transforms.outbox.EventRouter`, under their names there. */
export interface EventRouterOptions {
  /** Column of the header `id`. Default `id`. */
  readonly 'table.field.event.id'?: string
  /** Column of the key. Default `aggregateid`. */
  readonly 'table.field.event.key'?: string
  /** Taken and not used, as by the original: place the column to see it. Default `type`. */
  readonly 'table.field.event.type'?: string
  /** Column of the value. Default `payload`. */
  readonly 'table.field.event.payload'?: string
  /** Column of the timestamp: a `timestamp` without time zone. Default: the time of sending. */
  readonly 'table.field.event.timestamp'?: string
  /** Column of the schema's version: an `int`. Only an envelope has one. */
  readonly 'table.field.event.schema.version'?: string
  /** `column:header|envelope|partition[:name]`, separated by commas. */
  readonly 'table.fields.additional.placement'?: string
  /** What a placed column means that the table does not have. Default `error`. */
  readonly 'table.field.additional.missing'?: 'error' | 'ignore'
  /** What the change of a row means. Default `warn`: nothing. */
  readonly 'table.op.invalid.behavior'?: 'warn' | 'error' | 'fatal'
  /** Whether a payload of JSON becomes a structure. Default false. */
  readonly 'table.expand.json.payload'?: Flag
  /** What members that are null become then. Default `ignore`: they are left out. */
  readonly 'table.json.payload.null.behavior'?: NullMembers
  /** Column that gives the topic. Default `aggregatetype`. */
  readonly 'route.by.field'?: string
  /** Pattern of Java that the column has to match as a whole. Default `(?<routedByValue>.*)`. */
  readonly 'route.topic.regex'?: string
  /** Default `outbox.event.${routedByValue}`. */
  readonly 'route.topic.replacement'?: string
  /** Whether a null or empty payload becomes a tombstone. Default false. */
  readonly 'route.tombstone.on.empty.payload'?: Flag
}

export interface Placement {
  readonly column: string
  readonly place: 'header' | 'envelope' | 'partition'
  readonly name: string
}

/** Options of the router, checked. */
export interface RouterConfig extends Routing {
  readonly id: string
  readonly key: string
  readonly payload: string
  readonly timestamp: string | undefined
  readonly version: string | undefined
  readonly placements: readonly Placement[]
  readonly ignoreMissing: boolean
  readonly changed: 'warn' | 'error' | 'fatal'
  readonly expand: boolean
  readonly nullMembers: NullMembers
  readonly routeBy: string
  readonly tombstones: boolean
}

const defaults = {
  'table.field.event.id': 'id',
  'table.field.event.key': 'aggregateid',
  'table.field.event.type': 'type',
  'table.field.event.payload': 'payload',
  'table.field.event.timestamp': undefined,
  'table.field.event.schema.version': undefined,
  'table.fields.additional.placement': undefined,
  'table.field.additional.missing': 'error',
  'table.op.invalid.behavior': 'warn',
  'table.expand.json.payload': 'false',
  'table.json.payload.null.behavior': 'ignore',
  'route.by.field': 'aggregatetype',
  'route.topic.regex': '(?<routedByValue>.*)',
  'route.topic.replacement': `outbox.event.\${routedByValue}`,
  'route.tombstone.on.empty.payload': 'false',
} as const satisfies { readonly [Name in keyof Required<EventRouterOptions>]: string | undefined }

type Name = keyof typeof defaults

const names = Object.keys(defaults)

/** Options that exist and are not honoured, and what to do instead. */
const refused: Readonly<Record<string, string>> = {
  'tracing.span.context.field': 'place the column as a header instead',
  'tracing.operation.name': 'spans are those of the relay',
  'tracing.with.context.field.only': 'spans are those of the relay',
  predicate: 'every row of the table is routed',
  negate: 'every row of the table is routed',
}

export type Faults = string[]

const places = ['header', 'envelope', 'partition'] as const
const isPlace = (text: string): text is Placement['place'] => places.some((place) => place === text)

const parsePlacement = (text: string, faults: Faults): readonly Placement[] => {
  const option = 'table.fields.additional.placement'
  // Java's split leaves out what is empty at the end.
  return text
    .replace(/(?<=.),+$/, '')
    .split(',')
    .flatMap((entry) => {
      const [column = '', place = '', name = column, ...more] = entry.split(':').map((part) => part.trim())
      const lower = place.toLowerCase()
      if (entry.trim() === '' || place === '' || more.length > 0) {
        faults.push(`${option}: ${JSON.stringify(entry)} is not column:place or column:place:name`)
      } else if (!isPlace(lower)) {
        faults.push(`${option}: ${place} is no place${didYouMean(lower, places)} (${places.join(', ')})`)
      } else {
        return [{ column, place: lower, name }]
      }
      return []
    })
}

/** Connect has no struct with two fields of one name. */
const checkEnvelope = (placements: readonly Placement[], faults: Faults): void => {
  const names = ['payload']
  for (const { name, place } of placements) {
    if (place !== 'envelope') continue
    if (names.includes(name)) {
      faults.push(`table.fields.additional.placement: the envelope would have ${name} twice`)
    }
    names.push(name)
  }
}

/** The option that a text names, in any case; a fault where it names none. */
export const oneOf = <const T extends string>(
  option: string,
  text: string,
  allowed: readonly [T, ...T[]],
  faults: Faults,
): T => {
  const found = allowed.find((candidate) => candidate === text.trim().toLowerCase())
  if (found === undefined) {
    faults.push(`${option}: ${text} is none of ${allowed.join(', ')}${didYouMean(text, allowed)}`)
  }
  return found ?? allowed[0]
}

const routingOf = (regex: string, replacement: string, faults: Faults): Routing => {
  const routing = javaRouting(regex, replacement)
  if ('route' in routing) return routing
  faults.push(
    'regex' in routing
      ? `route.topic.regex: ${routing.regex}`
      : `route.topic.replacement: ${routing.replacement}`,
  )
  return { route: (name) => name }
}

const checkNames = (given: Readonly<Record<string, unknown>>, faults: Faults): void => {
  for (const [name, value] of Object.entries(given)) {
    const instead = refused[name]
    if (instead !== undefined) faults.push(`${name} is not supported: ${instead}`)
    else if (!names.includes(name)) faults.push(`unknown option ${name}${didYouMean(name, names)}`)
    else if (typeof value !== 'string' && typeof value !== 'boolean' && value !== undefined) {
      faults.push(`${name} is neither text nor true or false`)
    }
  }
}

const flags = ['false', 'true'] as const

/** Options of the router as given, checked; what is wrong with them is added to `faults`. */
export const readRouterOptions = (given: Readonly<Record<string, unknown>>, faults: Faults): RouterConfig => {
  checkNames(given, faults)
  const text = (name: Name): string | undefined => {
    const value = given[name]
    return value === undefined ? defaults[name] : String(value)
  }
  const column = (name: Name): string => {
    const value = text(name)?.trim() ?? ''
    if (value === '') faults.push(`${name} names no column`)
    return value
  }
  const choice = <const T extends string>(name: Name, allowed: readonly [T, ...T[]]): T =>
    oneOf(name, text(name) ?? '', allowed, faults)
  const placement = text('table.fields.additional.placement')
  const placements = placement === undefined ? [] : parsePlacement(placement, faults)
  checkEnvelope(placements, faults)
  return {
    id: column('table.field.event.id'),
    key: column('table.field.event.key'),
    payload: column('table.field.event.payload'),
    timestamp: text('table.field.event.timestamp'),
    version: text('table.field.event.schema.version'),
    placements,
    ignoreMissing: choice('table.field.additional.missing', ['error', 'ignore']) === 'ignore',
    changed: choice('table.op.invalid.behavior', ['warn', 'error', 'fatal']),
    expand: choice('table.expand.json.payload', flags) === 'true',
    nullMembers: choice('table.json.payload.null.behavior', ['ignore', 'optional_bytes']),
    routeBy: column('route.by.field'),
    tombstones: choice('route.tombstone.on.empty.payload', flags) === 'true',
    ...routingOf(text('route.topic.regex') ?? '', text('route.topic.replacement') ?? '', faults),
  }
}
