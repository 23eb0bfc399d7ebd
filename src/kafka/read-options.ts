import { didYouMean } from '../error/did-you-mean.ts'
import { OnewriteError } from '../error/onewrite-error.ts'
import { silentLogger } from '../lifecycle/logger.ts'
import { topicFault } from '../message/topic-fault.ts'
import type { KafkaConfig, KafkaOptions } from './options.ts'

const optionNames = [
  'brokers',
  'clientId',
  'ssl',
  'sasl',
  'allowInsecure',
  'checkpointTopic',
  'replicationFactor',
  'partitions',
  'transactionTimeout',
  'connectTimeout',
  'deliveryTimeout',
  'maxRecordBytes',
  'groupProtocol',
  'sessionTimeout',
  'logger',
] as const satisfies readonly (keyof KafkaOptions)[]

const tlsNames = ['ca', 'certificate', 'key', 'passphrase']
const saslNames = ['mechanism', 'username', 'password']
const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512']
const groupProtocols: readonly string[] = ['classic', 'consumer']

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const unknownNames = (given: object, known: readonly string[], prefix = ''): string[] =>
  Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => `${prefix}${name} is not an option${didYouMean(name, known).replace('; ', ', ')}`)

// A user name with a password before the host would end up in logs: it is refused like any other stray character.
const address = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/

const hostOf = (broker: unknown): string | undefined => {
  const found = typeof broker === 'string' ? address.exec(broker) : null
  if (found === null || Number(found[3]) < 1 || Number(found[3]) > 65_535) return undefined
  return found[1] ?? found[2]
}

const brokerFaults = (brokers: unknown): string[] => {
  if (!Array.isArray(brokers) || brokers.length === 0) return ['brokers: give at least one host:port']
  const bad = brokers.flatMap((broker, index) => (hostOf(broker) === undefined ? [index] : []))
  return bad.map((index) => `brokers[${index}]: not host:port`)
}

const isLocal = (broker: unknown): boolean => {
  const host = hostOf(broker)
  return host === undefined || host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)
}

const secrecyFaults = ({ brokers, ssl, allowInsecure }: KafkaOptions): string[] => {
  if (ssl || allowInsecure === true || !Array.isArray(brokers) || brokers.every(isLocal)) return []
  return ['ssl: a broker on another machine needs TLS; allowInsecure: true sends everything in the clear']
}

const tlsFaults = (ssl: unknown): string[] => {
  if (ssl === undefined || typeof ssl === 'boolean') return []
  if (!isObject(ssl)) return ['ssl: neither true, false nor { ca, certificate, key, passphrase }']
  const notText = tlsNames.filter((name) => ssl[name] !== undefined && typeof ssl[name] !== 'string')
  const half = (ssl['certificate'] === undefined) !== (ssl['key'] === undefined)
  return [
    ...unknownNames(ssl, tlsNames, 'ssl.'),
    ...notText.map((name) => `ssl.${name}: not text`),
    ...(half ? ['ssl: certificate and key go together'] : []),
  ]
}

const saslFaults = (sasl: unknown): string[] => {
  if (sasl === undefined) return []
  if (!isObject(sasl)) return ['sasl: not { mechanism, username, password }']
  const empty = ['username', 'password'].filter((name) => typeof sasl[name] !== 'string' || sasl[name] === '')
  const mechanism = String(sasl['mechanism'])
  const known = mechanisms.includes(mechanism)
  const hint = known ? '' : didYouMean(mechanism, mechanisms).replace('; ', ', ')
  return [
    ...unknownNames(sasl, saslNames, 'sasl.'),
    ...(known ? [] : [`sasl.mechanism: ${mechanism} is none of ${mechanisms.join(', ')}${hint}`]),
    ...empty.map((name) => `sasl.${name}: missing`),
  ]
}

const ranges = [
  ['replicationFactor', 1, 32_767],
  ['partitions', 1, 100_000],
  ['transactionTimeout', 1_000, 900_000],
  ['connectTimeout', 100, 600_000],
  ['deliveryTimeout', 1_000, 2_000_000],
  ['maxRecordBytes', 1_000, 100_000_000],
  ['sessionTimeout', 1_000, 3_600_000],
] as const

const mayBeBrokerDefault: readonly string[] = ['replicationFactor', 'partitions']

const numberFaults = (options: KafkaOptions): string[] =>
  ranges.flatMap(([name, least, most]) => {
    const value = options[name]
    if (value === undefined || (value === -1 && mayBeBrokerDefault.includes(name))) return []
    if (Number.isSafeInteger(value) && value >= least && value <= most) return []
    return [`${name}: ${value} is not a whole number from ${least} to ${most}`]
  })

const textFaults = ({ clientId, checkpointTopic }: KafkaOptions): string[] => {
  const badId = clientId !== undefined && !/^[A-Za-z0-9._-]{1,200}$/.test(clientId)
  const badTopic = checkpointTopic === undefined ? undefined : topicFault(checkpointTopic)
  return [
    ...(badId ? ['clientId: letters, digits, . _ and - only, 200 at most'] : []),
    ...(badTopic === undefined ? [] : [`checkpointTopic: ${badTopic}`]),
  ]
}

const groupFaults = ({ groupProtocol }: KafkaOptions): string[] =>
  groupProtocol === undefined || groupProtocols.includes(groupProtocol)
    ? []
    : [`groupProtocol: ${groupProtocol} is none of ${groupProtocols.join(', ')}`]

const faultsOf = (options: KafkaOptions): string[] => [
  ...unknownNames(options, optionNames),
  ...brokerFaults(options.brokers),
  ...secrecyFaults(options),
  ...tlsFaults(options.ssl),
  ...saslFaults(options.sasl),
  ...textFaults(options),
  ...numberFaults(options),
  ...groupFaults(options),
]

/**
 * Every fault is named at once, and no value that may be a secret.
 *
 * @throws INVALID_CONFIG
 */
export const readOptions = (options: KafkaOptions): KafkaConfig => {
  const faults = isObject(options) ? faultsOf(options) : ['kafka() needs { brokers }']
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
  const { ssl } = options
  return {
    brokers: options.brokers.join(','),
    clientId: options.clientId ?? 'onewrite',
    ssl: ssl === true ? {} : ssl === false ? undefined : ssl,
    sasl: options.sasl,
    checkpointTopic: options.checkpointTopic ?? 'onewrite.checkpoints',
    replicationFactor: options.replicationFactor ?? -1,
    partitions: options.partitions ?? -1,
    transactionTimeout: options.transactionTimeout ?? 60_000,
    connectTimeout: options.connectTimeout ?? 10_000,
    deliveryTimeout: options.deliveryTimeout ?? 60_000,
    maxRecordBytes: options.maxRecordBytes ?? 1_000_000,
    groupProtocol: options.groupProtocol ?? 'classic',
    sessionTimeout: options.sessionTimeout ?? 15_000,
    logger: options.logger ?? silentLogger,
  }
}
