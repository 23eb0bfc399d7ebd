import type { Logger } from '../lifecycle/logger.ts'

/** Text of PEM files, not their paths. */
export interface KafkaTls {
  /** Default: the certificate authorities of the system. */
  readonly ca?: string
  readonly certificate?: string
  readonly key?: string
  readonly passphrase?: string
}

export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: string
}

export interface KafkaOptions {
  /** `host:port` of one broker or more. */
  readonly brokers: readonly string[]
  /** Shown in the logs and quotas of the brokers. Default `onewrite`. */
  readonly clientId?: string
  /** Default false. */
  readonly ssl?: boolean | KafkaTls
  readonly sasl?: KafkaSasl
  /** Allows a connection without TLS to a broker that is not on this machine. Default false. */
  readonly allowInsecure?: boolean
  /**
   * The checkpoint of each relay stands in a compacted topic of its own: this name, a dot and the name of the relay,
   * which is its transactional id too. Default `onewrite.checkpoints`.
   */
  readonly checkpointTopic?: string
  /** Of topics created here. Default -1: what the brokers are set to. */
  readonly replicationFactor?: number
  /** Of topics created here that say nothing else. Default -1: what the brokers are set to. */
  readonly partitions?: number
  /**
   * Milliseconds after which the brokers abort a transaction that was left open. Default 60,000; the brokers allow
   * 900,000 at most (their `transaction.max.timeout.ms`).
   */
  readonly transactionTimeout?: number
  /** Milliseconds for reaching a broker. Default 10,000. */
  readonly connectTimeout?: number
  /** Milliseconds until a record that no broker acknowledged fails. Default 60,000. */
  readonly deliveryTimeout?: number
  /** Bytes of one record at most, checked before it is sent. Default 1,000,000. */
  readonly maxRecordBytes?: number
  /**
   * How members of a group share partitions. `classic`, the default: the members decide, cooperatively; every broker
   * knows it. `consumer`: the broker decides (KIP-848; Kafka 4.0 or later).
   */
  readonly groupProtocol?: 'classic' | 'consumer'
  /**
   * Milliseconds after which the partitions of a silent member are given to others. Default 15,000; with the protocol
   * `consumer` the broker's own value holds.
   */
  readonly sessionTimeout?: number
  /** Told what the client logs. Default: nobody. */
  readonly logger?: Logger
}

/** Options as they hold after the defaults. */
export interface KafkaConfig {
  readonly brokers: string
  readonly clientId: string
  readonly ssl: KafkaTls | undefined
  readonly sasl: KafkaSasl | undefined
  readonly checkpointTopic: string
  readonly replicationFactor: number
  readonly partitions: number
  readonly transactionTimeout: number
  readonly connectTimeout: number
  readonly deliveryTimeout: number
  readonly maxRecordBytes: number
  readonly groupProtocol: 'classic' | 'consumer'
  readonly sessionTimeout: number
  readonly logger: Logger
}
