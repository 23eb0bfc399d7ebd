import { isOnewriteError, OnewriteError } from '../error/onewrite-error.ts'
import type { KafkaConfig } from './options.ts'
import { openWire, type Wire } from './wire.ts'
import { array, body, type Cursor, everything, int8, text } from './wire-codec.ts'

export type Settings = ReadonlyMap<string, string>

export interface BrokerDescription {
  readonly id: number
  /** As it advertises itself. */
  readonly address: string
  /** Undefined where it cannot be reached from here, or may not be asked. */
  readonly settings: Settings | undefined
  /** Why it did not answer. */
  readonly fault: string | undefined
}

export interface TopicDescription {
  readonly name: string
  readonly partitions: number
  /** The least of its partitions. */
  readonly replicationFactor: number
  /** The least of its partitions. */
  readonly inSync: number
  readonly settings: Settings
}

export interface ClusterDescription {
  /** The release that first knew all that these brokers know: they are of it or later; empty where none is known. */
  readonly release: string
  readonly brokers: readonly BrokerDescription[]
  /** Those of the topics asked for that exist. */
  readonly topics: readonly TopicDescription[]
}

const metadata = 3
const apiVersions = 18
const describeConfigs = 32
const fetch = 1
const resourceTopic = 2
const resourceBroker = 4

/** Highest version of Fetch, and the release that brought it. */
const releases: readonly (readonly [fetch: number, release: string])[] = [
  [18, '4.1'],
  [17, '3.9'],
  [16, '3.7'],
  [15, '3.5'],
  [13, '3.1'],
  [12, '2.7'],
  [11, '2.3'],
]

/** Kafka 4.0 knows no more of Fetch than 3.9 does, and has given up its first versions. */
const firstFetchOf40 = 4

const readRelease = async (wire: Wire): Promise<string> => {
  const answer = await wire.ask(apiVersions, 0, body())
  answer.int16()
  const known = answer.list(() => ({ api: answer.int16(), least: answer.int16(), most: answer.int16() }))
  const { least = 0, most = 0 } = known.find(({ api }) => api === fetch) ?? {}
  if (most === 17 && least >= firstFetchOf40) return '4.0'
  return releases.find(([version]) => most >= version)?.[1] ?? ''
}

interface Node {
  readonly id: number
  readonly address: string
}

interface TopicShape {
  readonly error: number
  readonly name: string
  readonly internal: boolean
  readonly partitions: readonly { readonly replicas: number; readonly inSync: number }[]
}

const readPartition = (answer: Cursor) => {
  answer.int16()
  answer.int32()
  answer.int32()
  const replicas = answer.list(() => answer.int32()).length
  return { replicas, inSync: answer.list(() => answer.int32()).length }
}

const readMetadata = async (
  wire: Wire,
): Promise<{ readonly nodes: readonly Node[]; readonly topics: readonly TopicShape[] }> => {
  const answer = await wire.ask(metadata, 1, everything)
  const nodes = answer.list(() => {
    const [id, host, port] = [answer.int32(), answer.text() ?? '', answer.int32()]
    answer.text()
    return { id, address: `${host.includes(':') ? `[${host}]` : host}:${port}` }
  })
  answer.int32()
  const topics = answer.list(() => ({
    error: answer.int16(),
    name: answer.text() ?? '',
    internal: answer.int8() !== 0,
    partitions: answer.list(() => readPartition(answer)),
  }))
  return { nodes, topics }
}

const readConfig = (answer: Cursor): readonly [string, string | null] => {
  const [name, value] = [answer.text() ?? '', answer.text()]
  for (let flag = 0; flag < 3; flag += 1) answer.int8()
  answer.list(() => {
    answer.text()
    answer.text()
    answer.int8()
  })
  return [name, value]
}

/** Settings by resource; one that may not be seen is left out. */
const readSettings = async (
  wire: Wire,
  type: number,
  names: readonly string[],
  wanted: readonly string[],
): Promise<ReadonlyMap<string, Settings>> => {
  const resources = names.map((name) => body(int8(type), text(name), array(wanted.map(text))))
  const answer = await wire.ask(describeConfigs, 1, body(array(resources), int8(0)))
  answer.int32()
  const found = answer.list(() => {
    const error = answer.int16()
    answer.text()
    answer.int8()
    const name = answer.text() ?? ''
    const configs = answer.list(() => readConfig(answer))
    return {
      error,
      name,
      settings: new Map(configs.flatMap(([key, value]) => (value === null ? [] : [[key, value]]))),
    }
  })
  return new Map(found.filter(({ error }) => error === 0).map(({ name, settings }) => [name, settings]))
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The first broker that answers. */
const openAny = async (config: KafkaConfig): Promise<Wire> => {
  let fault: unknown
  for (const address of config.brokers.split(',')) {
    try {
      const wire = await openWire(address, config)
      await readRelease(wire)
      return wire
    } catch (error) {
      if (isOnewriteError(error)) throw error
      fault = error
    }
  }
  throw new OnewriteError('BROKER_UNREACHABLE', { brokers: config.brokers, cause: wordsOf(fault) })
}

const describeBroker = async (
  { id, address }: Node,
  config: KafkaConfig,
  wanted: readonly string[],
): Promise<BrokerDescription> => {
  let wire: Wire | undefined
  try {
    wire = await openWire(address, config)
    const settings = (await readSettings(wire, resourceBroker, [String(id)], wanted)).get(String(id))
    return { id, address, settings, fault: settings === undefined ? 'it may not be asked' : undefined }
  } catch (error) {
    return { id, address, settings: undefined, fault: wordsOf(error) }
  } finally {
    wire?.close()
  }
}

export interface DescribeOptions {
  readonly topics: (name: string) => boolean
  readonly brokerSettings: readonly string[]
  readonly topicSettings: readonly string[]
}

const least = (numbers: readonly number[]): number => Math.min(...numbers)

/**
 * What the brokers are and how they and some topics are set.
 *
 * @throws BROKER_UNREACHABLE, BROKER_AUTHENTICATION
 */
export const describeCluster = async (
  config: KafkaConfig,
  { topics: isWanted, brokerSettings, topicSettings }: DescribeOptions,
): Promise<ClusterDescription> => {
  const wire = await openAny(config)
  try {
    const release = await readRelease(wire)
    const { nodes, topics } = await readMetadata(wire)
    const wanted = topics.filter(({ error, name }) => error === 0 && isWanted(name))
    const names = wanted.map(({ name }) => name)
    const settings =
      names.length === 0
        ? new Map<string, Settings>()
        : await readSettings(wire, resourceTopic, names, topicSettings)
    const brokers = await Promise.all(nodes.map((node) => describeBroker(node, config, brokerSettings)))
    return {
      release,
      brokers,
      topics: wanted.map(({ name, partitions }) => ({
        name,
        partitions: partitions.length,
        replicationFactor: least(partitions.map(({ replicas }) => replicas)),
        inSync: least(partitions.map(({ inSync }) => inSync)),
        settings: settings.get(name) ?? new Map<string, string>(),
      })),
    }
  } finally {
    wire.close()
  }
}
