import type { Consumer } from '../consumer/consumer.ts'
import { type Health, type HealthState, worstHealth } from '../lifecycle/health.ts'
import { silentLogger } from '../lifecycle/logger.ts'
import { type RecordOptions, record } from '../log/record.ts'
import { type LogSubscribing, logSubscribing } from '../log/subscribe.ts'
import { type Catalogue, catalogue } from '../message/catalogue.ts'
import type { Database, Transaction } from '../postgres/database.ts'
import type { Duration } from '../retry/duration.ts'
import { postgres } from '../transport/postgres.ts'
import { keepPartitions } from './keep-partitions.ts'
import { keepRetention } from './keep-retention.ts'
import { nameTopics } from './name-topics.ts'
import { openDatabase } from './open-database.ts'
import { checkServiceOptions, type ServiceOptions } from './service-options.ts'
import { connectionsOf } from './share-connections.ts'
import { startConsumers, subscribingOf } from './start-consumers.ts'
import { startPublishing } from './start-publishing.ts'
import { stopService } from './stop-service.ts'

export interface ServiceHealth {
  /** The worst of the parts: `up` and `standby` are well, `degraded` goes on by itself. */
  readonly state: HealthState
  readonly parts: readonly Health[]
}

export interface RunningService {
  readonly name: string
  readonly database: Database
  readonly catalogue: Catalogue
  /**
   * Runs `work` in one transaction; what it appends leaves as soon as that has committed. A COMMIT whose reply was lost
   * is looked up, so that a success is reported as one.
   *
   * @throws what `work` throws, TRANSACTION_LOST, COMMIT_UNKNOWN, COMMIT_REFUSED
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: RecordOptions): Promise<T>
  health(): ServiceHealth
  /**
   * Finishes what is in hand, at most for `drain` (default 20 s), and releases everything. Events that are recorded
   * but did not leave yet leave after the next start.
   */
  stop(options?: { readonly drain?: Duration }): Promise<void>
}

export interface Service {
  /**
   * Opens and migrates the database and starts the background loops. A transport that cannot be reached does not keep
   * the service from recording: health says `degraded`, and events leave once it is back.
   *
   * @throws INVALID_CONFIG, DATABASE_UNREACHABLE, DATABASE_AUTHENTICATION, SCHEMA_TOO_NEW, EMBEDDED_UNAVAILABLE,
   * RETENTION_MISMATCH, …
   */
  start(): Promise<RunningService>
}

/** Composes a service: database, log, transport and the loops between them. Nothing happens before `start`. */
export const service = (options: ServiceOptions): Service => {
  checkServiceOptions(options)
  const { name, transport = postgres(), logger = silentLogger } = options
  const { consumers = [] } = options
  const definitions = [...(options.events ?? [])]
  const known = catalogue(definitions)
  const { topicOf, encode } = nameTopics({ ...options, events: definitions })
  if (consumers.length > 0) subscribingOf(transport, consumers)

  const start = async (): Promise<RunningService> => {
    const { database, close } = await openDatabase(options, logger)
    const log: LogSubscribing = logSubscribing({
      database,
      encode,
      logger,
      ...(options.leaseTtl === undefined ? {} : { leaseTtl: options.leaseTtl }),
    })
    transport.attach?.(log)
    const publishing = startPublishing({ options, database, transport, definitions, topicOf, encode, logger })
    const poke = (): void => {
      publishing.poke()
      log.poke()
    }
    const connections = (one: Consumer): number => connectionsOf(options, one)
    const consuming = startConsumers({
      ...{ consumers, connections, database, transport, topicOf, logger },
      createTopics: options.createTopics !== false,
      recorded: poke,
    })
    const partitions = keepPartitions(database, logger)
    const { retention = 'forever' } = options
    const keeping = retention === 'forever' ? [] : [keepRetention(database, retention.after, logger)]
    for (const one of [partitions, ...keeping]) one.start()
    const others = [...publishing.loops, partitions, ...keeping]
    const loops = [...others, ...consuming.loops]
    const parts = { name, consuming: consuming.loops, others, log, transport, close }
    const stop: RunningService['stop'] = (settings) => stopService(parts, settings)
    const [refusal] = await Promise.all([consuming.refused, ...loops.map(({ settled }) => settled)])
    if (refusal !== undefined) {
      await stop().catch(() => undefined)
      throw refusal
    }
    return {
      name,
      database,
      catalogue: known,
      transaction: async (work, settings) => {
        const result = await record(database, work, settings)
        poke()
        return result
      },
      health: () => {
        const found = loops.map((one) => one.health())
        return { state: worstHealth(found)?.state ?? 'up', parts: found }
      },
      stop,
    }
  }
  return { start }
}
