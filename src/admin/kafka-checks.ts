import { isOnewriteError } from '../error/onewrite-error.ts'
import { withoutFix } from '../error/without-fix.ts'
import { type ClusterDescription, describeCluster, type TopicDescription } from '../kafka/describe-cluster.ts'
import { kafka } from '../kafka/kafka.ts'
import type { KafkaConfig, KafkaOptions } from '../kafka/options.ts'
import { readOptions } from '../kafka/read-options.ts'
import { wireCanSpeak } from '../kafka/wire.ts'
import {
  type Check,
  type CheckResult,
  type Finding,
  ok,
  problem,
  runChecks,
  skipped,
  warning,
} from './check.ts'

export interface KafkaDoctorOptions {
  readonly kafka: KafkaOptions
  /** Topics that events go to; those of the checkpoints are found by their name. */
  readonly topics: readonly string[]
  readonly progress: (check: string) => void
}

interface KafkaFacts {
  readonly config: KafkaConfig
  readonly topics: readonly string[]
  readonly cluster: ClusterDescription
}

const brokerSettings = [
  'transaction.max.timeout.ms',
  'message.max.bytes',
  'auto.create.topics.enable',
  'unclean.leader.election.enable',
  'transaction.state.log.replication.factor',
  'transaction.state.log.min.isr',
]

const topicSettings = [
  'min.insync.replicas',
  'cleanup.policy',
  'max.message.bytes',
  'unclean.leader.election.enable',
]

/** What the brokers that answered are set to, where it differs from broker to broker all of it. */
const settingsOf = ({ cluster }: KafkaFacts, name: string): readonly string[] => [
  ...new Set(cluster.brokers.flatMap(({ settings }) => settings?.get(name) ?? [])),
]

const leastOf = (facts: KafkaFacts, name: string): number | undefined => {
  const values = settingsOf(facts, name).map(Number)
  return values.length === 0 ? undefined : Math.min(...values)
}

const unread = skipped('the brokers did not say what they are set to; see kafka.brokers')

const release: Check<KafkaFacts> = {
  name: 'kafka.version',
  look: ({ cluster: { release: known } }) => {
    if (known === '') return warning('the brokers are older than Kafka 2.3', 'Upgrade to Kafka 4.')
    if (Number.parseFloat(known) >= 4) return ok(`Kafka ${known} or later`)
    return warning(`Kafka ${known} or later, but before 4.0, the first that was tried`, 'Upgrade to Kafka 4.')
  },
}

const brokers: Check<KafkaFacts> = {
  name: 'kafka.brokers',
  look: ({ cluster }) => {
    const findings: Finding[] = cluster.brokers.flatMap(({ id, address, fault }) =>
      fault === undefined
        ? []
        : [
            problem(
              `broker ${id} at ${address} does not answer: ${fault}`,
              'Check that it runs, and that the address it advertises (advertised.listeners) can be reached from here.',
            ),
          ],
    )
    const count = cluster.brokers.length
    if (count < 3) {
      const fix = 'Run three brokers or more; until then expect to lose acknowledged records with a disk.'
      findings.push(warning(`there ${count === 1 ? 'is 1 broker' : `are ${count} brokers`}`, fix))
    }
    return findings.length > 0 ? findings : ok(`${count} brokers answer`)
  },
}

const transactionTimeout: Check<KafkaFacts> = {
  name: 'kafka.transaction-timeout',
  look: (facts) => {
    const most = leastOf(facts, 'transaction.max.timeout.ms')
    if (most === undefined) return unread
    const ours = facts.config.transactionTimeout
    const message = `transaction.max.timeout.ms is ${most}, the relay asks for ${ours}`
    if (most >= ours) return ok(message)
    return problem(
      message,
      `Set transactionTimeout of kafka() to ${most} or less, or raise the setting of the brokers.`,
    )
  },
}

const transactionLog: Check<KafkaFacts> = {
  name: 'kafka.transaction-log',
  look: (facts) => {
    const replicas = leastOf(facts, 'transaction.state.log.replication.factor')
    const inSync = leastOf(facts, 'transaction.state.log.min.isr')
    if (replicas === undefined || inSync === undefined) return unread
    const message = `transaction.state.log has ${replicas} replicas, ${inSync} in sync at least`
    if (replicas >= 3 && inSync >= 2) return ok(message)
    const fix = 'Set transaction.state.log.replication.factor = 3 and transaction.state.log.min.isr = 2.'
    return warning(`${message}: a lost disk can leave transactions open for ever`, fix)
  },
}

const recordSize: Check<KafkaFacts> = {
  name: 'kafka.record-size',
  look: (facts) => {
    const most = leastOf(facts, 'message.max.bytes')
    if (most === undefined) return unread
    const ours = facts.config.maxRecordBytes
    const small = facts.cluster.topics.filter(
      ({ settings }) => Number(settings.get('max.message.bytes') ?? most) < ours,
    )
    const fix =
      'Raise max.message.bytes of the topic, or lower maxRecordBytes of kafka() and maxEventBytes of the events.'
    if (small.length > 0) {
      const names = small
        .map(({ name, settings }) => `${name} (${settings.get('max.message.bytes')})`)
        .join(', ')
      return warning(`these take less than the ${ours} bytes that the relay sends: ${names}`, fix)
    }
    if (most < ours) return warning(`message.max.bytes is ${most}, the relay sends up to ${ours}`, fix)
    return ok(`message.max.bytes is ${most}, the relay sends up to ${ours}`)
  },
}

const autoCreate: Check<KafkaFacts> = {
  name: 'kafka.auto-create',
  look: (facts) => {
    const values = settingsOf(facts, 'auto.create.topics.enable')
    if (values.length === 0) return unread
    if (!values.includes('true')) return ok('topics are created only on purpose')
    return warning(
      'auto.create.topics.enable is on: a misspelt topic comes to be, with the settings of no one',
      'Set auto.create.topics.enable = false; the service creates its topics at start.',
    )
  },
}

const uncleanElection: Check<KafkaFacts> = {
  name: 'kafka.unclean-election',
  look: (facts) => {
    const on = facts.cluster.topics.filter(
      ({ settings }) => settings.get('unclean.leader.election.enable') === 'true',
    )
    const broker = settingsOf(facts, 'unclean.leader.election.enable')
    if (broker.length === 0) return unread
    if (on.length === 0 && !broker.includes('true'))
      return ok('a replica that lacks records cannot become the leader')
    const where = on.length === 0 ? '' : ` (${on.map(({ name }) => name).join(', ')})`
    return problem(
      `unclean leader election is on${where}: acknowledged records can vanish`,
      'Set unclean.leader.election.enable = false.',
    )
  },
}

/** Also of a topic of checkpoints. */
const safetyOf = (topic: TopicDescription): Finding => {
  const { name, replicationFactor, inSync } = topic
  const needed = Number(topic.settings.get('min.insync.replicas') ?? 1)
  const shape = `${name}: ${replicationFactor} replicas, min.insync.replicas ${needed}`
  if (inSync < needed) {
    return problem(
      `${shape}, and only ${inSync} in sync: it takes no records`,
      'Bring the missing brokers back.',
    )
  }
  if (replicationFactor >= 3 && needed >= 2 && needed < replicationFactor) return ok(shape)
  if (replicationFactor > 1 && needed >= replicationFactor) {
    return warning(
      `${shape}: it takes no records while one broker is away`,
      'Set min.insync.replicas one lower.',
    )
  }
  return warning(
    `${shape}: acknowledged records are lost with ${replicationFactor > 1 ? 'a few disks' : 'one disk'}`,
    'Have three replicas and min.insync.replicas = 2.',
  )
}

const topics: Check<KafkaFacts> = {
  name: 'kafka.topics',
  look: ({ topics: wanted, cluster }) => {
    if (wanted.length === 0) return skipped('no topic is named; --topics order.events,invoice.events')
    return wanted.map((name) => {
      const found = cluster.topics.find((topic) => topic.name === name)
      if (found !== undefined) return safetyOf(found)
      return problem(
        `topic ${name} does not exist`,
        'Create it, or let the service create its topics at start.',
      )
    })
  },
}

const isCheckpoints = (prefix: string, name: string): boolean =>
  name === prefix || name.startsWith(`${prefix}.`)

const checkpoints: Check<KafkaFacts> = {
  name: 'kafka.checkpoints',
  look: ({ config, cluster }) => {
    const found = cluster.topics.filter(({ name }) => isCheckpoints(config.checkpointTopic, name))
    if (found.length === 0)
      return skipped(`no topic ${config.checkpointTopic}: no relay has published exactly once yet`)
    return found.flatMap((topic) => {
      const policy = topic.settings.get('cleanup.policy')
      const deletes = policy !== undefined && policy !== 'compact'
      const fix = `Set cleanup.policy = compact on ${topic.name}, before the checkpoint is deleted.`
      const lost = `${topic.name} has cleanup.policy ${policy}: the relay would begin again at the start of the log`
      return deletes ? [problem(lost, fix), safetyOf(topic)] : [safetyOf(topic)]
    })
  },
}

const checks = [
  release,
  brokers,
  transactionTimeout,
  transactionLog,
  recordSize,
  autoCreate,
  uncleanElection,
  topics,
  checkpoints,
]

/** As the relay itself would: with the client, and all it needs to be installed. */
const reachable: Check<KafkaOptions> = {
  name: 'kafka.client',
  look: async (options) => {
    const transport = kafka(options)
    try {
      await transport.check?.()
      return ok('the Kafka client is installed and reaches the brokers')
    } finally {
      await transport.close()
    }
  },
}

const describe = (config: KafkaConfig, wanted: readonly string[]): Promise<ClusterDescription> =>
  describeCluster(config, {
    topics: (name) => wanted.includes(name) || isCheckpoints(config.checkpointTopic, name),
    brokerSettings,
    topicSettings,
  })

const noSettings = (reason: string): readonly CheckResult[] =>
  checks.map(({ name }) => ({ name, ...skipped(reason) }))

/**
 * Looks at the brokers and the topics of the relay. Reads only.
 *
 * @throws INVALID_CONFIG
 */
export const kafkaDoctor = async (options: KafkaDoctorOptions): Promise<readonly CheckResult[]> => {
  const config = readOptions(options.kafka)
  const client = await runChecks([reachable], options.kafka, options.progress)
  if (!wireCanSpeak(config)) {
    return [...client, ...noSettings('settings of brokers are read with SASL PLAIN or without SASL only')]
  }
  try {
    const facts = { config, topics: options.topics, cluster: await describe(config, options.topics) }
    return [...client, ...(await runChecks(checks, facts, options.progress))]
  } catch (error) {
    const words = isOnewriteError(error) ? withoutFix(error) : String(error)
    const reason = `the brokers could not be asked: ${words}`
    return [...client, ...noSettings(reason)]
  }
}
