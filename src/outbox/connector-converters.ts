import { didYouMean } from '../error/did-you-mean.ts'
import type { ConverterOptions } from './converter.ts'
import type { OutboxConverters } from './outbox-table.ts'
import { type Faults, oneOf } from './router-options.ts'

type Settings = Readonly<Record<string, string>>

const classes = {
  'org.apache.kafka.connect.storage.StringConverter': 'string',
  'org.apache.kafka.connect.json.JsonConverter': 'json',
  'org.apache.kafka.connect.converters.ByteArrayConverter': 'bytes',
  'io.debezium.converters.BinaryDataConverter': 'binary',
  'io.debezium.converters.ByteBufferConverter': 'binary',
  'org.apache.kafka.connect.storage.SimpleHeaderConverter': 'simple',
} as const

type Kind = (typeof classes)[keyof typeof classes]

const kindOf = (name: string): Kind | undefined =>
  Object.entries(classes).find(([known]) => known === name || known.endsWith(`.${name}`))?.[1]

const delegate = 'delegate.converter.type'

const allowed: Readonly<Record<Kind, readonly string[]>> = {
  string: ['converter.encoding', 'converter.type'],
  json: [
    'schemas.enable',
    'schemas.cache.size',
    'schema.content',
    'decimal.format',
    'converter.type',
    'replace.null.with.default',
  ],
  bytes: ['converter.type'],
  binary: [delegate, 'converter.type'],
  simple: ['converter.type'],
}

const checkSettings = (place: string, kind: Kind, settings: Settings, faults: Faults): void => {
  for (const [name, value] of Object.entries(settings)) {
    if (kind === 'binary' && name.startsWith(`${delegate}.`)) continue
    // Left over from another converter, as it often is, and without effect on this one.
    if (name === 'schemas.enable') continue
    if (!allowed[kind].includes(name))
      faults.push(`unknown option ${place}.${name}${didYouMean(name, allowed[kind])}`)
    if (name === 'converter.encoding' && !/^utf-?8$/i.test(value))
      faults.push(`${place}.${name}: text is UTF-8`)
  }
}

const under = (settings: Settings, prefix: string): Settings =>
  Object.fromEntries(
    Object.entries(settings)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  )

const read = (place: string, className: string, settings: Settings, faults: Faults): ConverterOptions => {
  const kind = kindOf(className)
  if (kind === undefined) {
    faults.push(`${place}: ${className} is not supported${didYouMean(className, Object.keys(classes))}`)
    return 'string'
  }
  checkSettings(place, kind, settings, faults)
  if (kind === 'json') {
    const format = oneOf(
      `${place}.decimal.format`,
      settings['decimal.format'] ?? 'base64',
      ['base64', 'numeric'],
      faults,
    )
    return {
      type: 'json',
      schemas: settings['schemas.enable']?.trim().toLowerCase() !== 'false',
      decimals: format,
    }
  }
  const otherwise = settings[delegate]
  if (kind === 'binary' && otherwise !== undefined) {
    const inner = read(`${place}.${delegate}`, otherwise, under(settings, `${delegate}.`), faults)
    return { type: 'bytes', otherwise: inner }
  }
  return kind === 'binary' ? 'bytes' : kind
}

/** The converters that the settings of a connector, or of the worker behind it, name. */
export const readConverters = (settings: Settings, faults: Faults): OutboxConverters => {
  const one = (use: 'key' | 'value' | 'header', byDefault?: string): ConverterOptions => {
    const place = `${use}.converter`
    const className = settings[place] ?? byDefault
    if (className !== undefined) return read(place, className, under(settings, `${place}.`), faults)
    faults.push(`${place} is that of the worker: name it in the file, or give the settings of the worker`)
    return 'string'
  }
  return {
    key: one('key'),
    value: one('value'),
    header: one('header', 'org.apache.kafka.connect.storage.SimpleHeaderConverter'),
  }
}
