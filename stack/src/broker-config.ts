import { randomBytes } from 'node:crypto'

export interface BrokerPorts {
  readonly client: number
  readonly controller: number
}

/**
 * One process that is broker and controller. The timings are for tests: no wait before a consumer group settles,
 * and transactions of a dead producer are cleared within a second of their own timeout.
 */
const settings = (ports: BrokerPorts): Record<string, string | number> => ({
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.listener.names': 'CONTROLLER',
  'controller.quorum.bootstrap.servers': `127.0.0.1:${ports.controller}`,
  'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.client}`,
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'PLAINTEXT',
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.num.partitions': 1,
  'transaction.state.log.min.isr': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1_000,
  'group.consumer.min.session.timeout.ms': 1_000,
  'group.consumer.min.heartbeat.interval.ms': 100,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1_000,
  'auto.create.topics.enable': 'false',
  // A broker that was killed may register again once its old session is over; the default is 9 s.
  'broker.session.timeout.ms': 2_000,
  'broker.heartbeat.interval.ms': 250,
  'num.network.threads': 2,
  'num.io.threads': 4,
  'log.cleaner.dedupe.buffer.size': 8_388_608,
})

/** `server.properties` for a broker in a process of this machine. */
export const brokerProperties = (ports: BrokerPorts, logFolder: string): string =>
  Object.entries({
    ...settings(ports),
    listeners: `PLAINTEXT://127.0.0.1:${ports.client},CONTROLLER://127.0.0.1:${ports.controller}`,
    'log.dirs': logFolder,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')

/** The same as variables of the `apache/kafka` image, whose listeners are inside the container. */
export const brokerVariables = (ports: BrokerPorts): readonly string[] =>
  Object.entries({
    ...settings(ports),
    'controller.quorum.bootstrap.servers': 'localhost:9093',
    listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
  }).map(([name, value]) => `KAFKA_${name.replaceAll('.', '_').toUpperCase()}=${value}`)

/** 22 characters of base64url. A leading dash would be read as an option by the storage tool. */
export const clusterId = (): string => randomBytes(16).toString('base64url').replace(/^-/, 'A')
