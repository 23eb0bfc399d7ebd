import type { ClientSettings } from './client.ts'
import type { KafkaConfig } from './options.ts'

const protocolOf = ({ ssl, sasl }: KafkaConfig): string => {
  if (sasl === undefined) return ssl === undefined ? 'plaintext' : 'ssl'
  return ssl === undefined ? 'sasl_plaintext' : 'sasl_ssl'
}

const tlsSettings = ({ ssl }: KafkaConfig): ClientSettings => ({
  ...(ssl?.ca === undefined ? {} : { 'ssl.ca.pem': ssl.ca }),
  ...(ssl?.certificate === undefined ? {} : { 'ssl.certificate.pem': ssl.certificate }),
  ...(ssl?.key === undefined ? {} : { 'ssl.key.pem': ssl.key }),
  ...(ssl?.passphrase === undefined ? {} : { 'ssl.key.password': ssl.passphrase }),
})

const saslSettings = ({ sasl }: KafkaConfig): ClientSettings =>
  sasl === undefined
    ? {}
    : {
        'sasl.mechanisms': sasl.mechanism.toUpperCase(),
        'sasl.username': sasl.username,
        'sasl.password': sasl.password,
      }

const connectionSettings = (config: KafkaConfig): ClientSettings => ({
  'bootstrap.servers': config.brokers,
  'client.id': config.clientId,
  'security.protocol': protocolOf(config),
  'socket.keepalive.enable': true,
  'socket.nagle.disable': true,
  // A broker that comes back is tried again within a second, not within ten.
  'reconnect.backoff.ms': 50,
  'reconnect.backoff.max.ms': 1_000,
  ...tlsSettings(config),
  ...saslSettings(config),
})

/** Records in the client's queue. Headers do not count towards its kbytes, so this is what bounds the memory. */
export const mostQueued = 20_000

const producerSettings = (config: KafkaConfig, apart: boolean): ClientSettings => ({
  ...connectionSettings(config),
  acks: -1,
  'enable.idempotence': true,
  // The default of this interface is CRC32, which puts a key elsewhere than every Java program does.
  partitioner: 'murmur2_random',
  'compression.type': 'lz4',
  // A commit does not wait for the rest of the linger: a transaction of one record takes as long with 0 (measured).
  'linger.ms': 5,
  'queue.buffering.max.messages': mostQueued,
  'queue.buffering.max.kbytes': 65_536,
  'message.max.bytes': config.maxRecordBytes,
  dr_cb: true,
  ...(apart ? { 'batch.num.messages': 1 } : {}),
})

export const publisherSettings = (config: KafkaConfig, apart = false): ClientSettings => ({
  ...producerSettings(config, apart),
  // A record that fails for good stops the producer, so that no later record of its key overtakes it.
  'enable.gapless.guarantee': true,
  // A record that times out in the client is not covered by that guarantee: none does, publish has its own deadline.
  'message.timeout.ms': 0,
})

export const transactionalSettings = (
  config: KafkaConfig,
  transactionalId: string,
  apart = false,
): ClientSettings => ({
  ...producerSettings(config, apart),
  'transactional.id': transactionalId,
  'transaction.timeout.ms': config.transactionTimeout,
  'message.timeout.ms': Math.min(config.deliveryTimeout, config.transactionTimeout),
  // The commit waits for every record and fails if one failed, so only failures need to reach JavaScript.
  'delivery.report.only.error': true,
})

/** For questions: nothing is sent with it. */
export const plainSettings = connectionSettings

export const readerSettings = (
  config: KafkaConfig,
  isolation: 'read_committed' | 'read_uncommitted',
): ClientSettings => ({
  ...connectionSettings(config),
  // The client demands a group; nothing joins it, and nothing is stored under it.
  'group.id': `${config.clientId}.reader`,
  'enable.auto.commit': false,
  'enable.auto.offset.store': false,
  'enable.partition.eof': true,
  'auto.offset.reset': 'earliest',
  'allow.auto.create.topics': false,
  'isolation.level': isolation,
  'fetch.wait.max.ms': 50,
  'fetch.error.backoff.ms': 50,
})

/** Between two polls of a member. Longer, and the group takes its partitions away; polls go on whatever members do. */
const maxPollInterval = 300_000

const protocolSettings = ({ groupProtocol, sessionTimeout }: KafkaConfig): ClientSettings =>
  groupProtocol === 'consumer'
    ? // Sessions and the spread of partitions are the broker's then.
      { 'group.protocol': 'consumer' }
    : {
        'group.protocol': 'classic',
        'partition.assignment.strategy': 'cooperative-sticky',
        'session.timeout.ms': sessionTimeout,
        // What takes a partition away is learnt with a heartbeat.
        'heartbeat.interval.ms': Math.min(1_000, Math.floor(sessionTimeout / 3)),
      }

export const groupSettings = (config: KafkaConfig, group: string): ClientSettings => ({
  ...connectionSettings(config),
  ...protocolSettings(config),
  'group.id': group,
  'enable.auto.commit': false,
  'enable.auto.offset.store': false,
  'enable.partition.eof': true,
  // An offset that is not there any more is an error to be looked into, not a place to be chosen silently.
  'auto.offset.reset': 'error',
  'allow.auto.create.topics': false,
  'isolation.level': 'read_committed',
  'max.poll.interval.ms': maxPollInterval,
  // A topic that appears, grows or is made anew is noticed within these.
  'topic.metadata.refresh.interval.ms': 3_000,
  'fetch.error.backoff.ms': 100,
  // What lies ready in the client, of all partitions together.
  'queued.min.messages': 2_000,
  'queued.max.messages.kbytes': 16_384,
  // With the default of a second, a partition whose queue was full waits that long although it was emptied.
  'fetch.queue.backoff.ms': 20,
  // A fetch of one partition at a time: what it brings beyond what its member takes would be fetched again.
  'fetch.message.max.bytes': 131_072,
  // One fetch is under way at a time, so a partition that begins or goes on waits for the one of the idle others.
  'fetch.wait.max.ms': 100,
})
