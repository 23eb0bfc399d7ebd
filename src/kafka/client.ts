import { createRequire } from 'node:module'
import { OnewriteError } from '../error/onewrite-error.ts'

/** Settings of librdkafka by their own names. */
export type ClientSettings = Readonly<Record<string, string | number | boolean>>

/** What a consumer in a group is told. */
export interface GroupCallbacks {
  /** Given or taken, as the code says; nothing happens before `incrementalAssign` or `incrementalUnassign`. */
  readonly rebalance_cb: (error: ClientError | undefined, places: readonly Place[]) => void
  readonly offset_commit_cb: (error: ClientError | undefined, places: readonly PlacedOffset[]) => void
  /** Something came while nothing was there to be consumed. */
  readonly queue_non_empty_cb: () => void
}

export type GroupSettings = Readonly<
  Record<string, ClientSettings[string] | GroupCallbacks[keyof GroupCallbacks]>
>

/** What the client gives as an error. */
export interface ClientError {
  readonly code: number
  readonly message: string
  readonly isFatal?: boolean
  readonly isRetriable?: boolean
  readonly isTxnRequiresAbort?: boolean
}

export type Callback<Result> = (error: ClientError | null | undefined, result: Result) => void

export interface ClientLog {
  /** As in syslog: 0 emergency to 7 debug. */
  readonly severity: number
  readonly fac: string
  readonly message: string
}

export interface Metadata {
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly { readonly id: number; readonly leader: number }[]
  }[]
}

export interface DeliveryReport {
  readonly topic: string
  readonly key: Buffer | null
  /** Bytes of the value. */
  readonly size: number
  readonly opaque?: unknown
}

export type MessageHeaders = readonly Readonly<Record<string, string | Buffer>>[]

interface ClientHandle {
  connect(options: { readonly timeout: number }, callback: Callback<Metadata>): unknown
  getMetadata(
    options: { readonly topic?: string; readonly allTopics: boolean; readonly timeout: number },
    callback: Callback<Metadata>,
  ): unknown
  on(event: 'event.log', listener: (log: ClientLog) => void): unknown
  on(event: 'event.error', listener: (error: ClientError) => void): unknown
}

export interface ProducerHandle extends ClientHandle {
  on(event: 'event.log', listener: (log: ClientLog) => void): unknown
  on(event: 'event.error', listener: (error: ClientError) => void): unknown
  on(
    event: 'delivery-report',
    listener: (error: ClientError | null | undefined, report: DeliveryReport) => void,
  ): unknown
  /** @throws ClientError, for example QUEUE_FULL */
  produce(
    topic: string,
    partition: number | null,
    value: Buffer | null,
    key: Buffer | null,
    timestamp: number | null,
    opaque: unknown,
    headers: MessageHeaders,
  ): unknown
  setPollInBackground(on: boolean): unknown
  flush(timeout: number, callback: Callback<unknown>): unknown
  initTransactions(timeout: number, callback: Callback<unknown>): unknown
  beginTransaction(callback: Callback<unknown>): unknown
  commitTransaction(timeout: number, callback: Callback<unknown>): unknown
  abortTransaction(timeout: number, callback: Callback<unknown>): unknown
  /** With the membership that the consumer has when the call runs, none included: that is not refused. */
  sendOffsetsToTransaction(
    places: readonly PlacedOffset[],
    consumer: ConsumerHandle,
    timeout: number,
    callback: Callback<unknown>,
  ): unknown
  disconnect(flushTimeout: number, callback: Callback<unknown>): unknown
}

export interface ConsumedMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key?: Buffer | string | null
  readonly value: Buffer | null
  readonly headers?: MessageHeaders
  readonly timestamp: number
}

export interface PartitionEnd {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** A partition of a topic. */
export interface Place {
  readonly topic: string
  readonly partition: number
}

/** An offset below 0, and none, stand for no offset. */
export interface PlacedOffset extends Place {
  readonly offset?: number
}

export interface ConsumerHandle extends ClientHandle {
  on(event: 'event.log', listener: (log: ClientLog) => void): unknown
  on(event: 'event.error', listener: (error: ClientError) => void): unknown
  on(event: 'partition.eof', listener: (end: PartitionEnd) => void): unknown
  assign(places: readonly PlacedOffset[]): unknown
  /** Waits for the main thread of the client, as the next three do. */
  incrementalAssign(places: readonly PlacedOffset[]): unknown
  incrementalUnassign(places: readonly Place[]): unknown
  pause(places: readonly Place[]): unknown
  resume(places: readonly Place[]): unknown
  /** Only while connected, and true only from the callback on until partitions are assigned or unassigned. */
  assignmentLost(): boolean
  subscribe(topics: readonly string[]): unknown
  /** Queues the commit; the answer comes through `offset_commit_cb`. */
  commit(places: readonly PlacedOffset[]): unknown
  /** In place of a partition that has an error there may be something else. */
  committed(places: readonly Place[], timeout: number, callback: Callback<readonly unknown[]>): unknown
  /** As of the last fetch. Never while a disconnect is under way: it would wait for that one, which waits for us. */
  getWatermarkOffsets(
    topic: string,
    partition: number,
  ): { readonly lowOffset: number; readonly highOffset: number }
  consume(number: number, callback: Callback<readonly ConsumedMessage[]>): unknown
  setDefaultConsumeTimeout(milliseconds: number): unknown
  disconnect(callback: Callback<unknown>): unknown
}

export interface ListedOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly error?: ClientError
}

export interface TopicDescription {
  readonly name: string
  readonly error?: ClientError
  /** Another one when the topic was deleted and made anew. */
  readonly topicId?: { readonly base64: string }
  readonly partitions: readonly unknown[]
}

export interface AdminHandle {
  createTopic(
    topic: {
      readonly topic: string
      readonly num_partitions: number
      readonly replication_factor: number
      readonly config?: Readonly<Record<string, string>>
    },
    timeout: number,
    callback: Callback<unknown>,
  ): unknown
  listOffsets(
    places: readonly { readonly topic: string; readonly partition: number; readonly offset: unknown }[],
    options: { timeout: number; isolationLevel: number },
    callback: Callback<readonly ListedOffset[]>,
  ): unknown
  describeTopics(
    topics: readonly string[],
    options: { timeout: number },
    callback: Callback<readonly TopicDescription[]>,
  ): unknown
}

/**
 * What we use of the client: its lower-level interface. Measured with 12 headers a record, it costs 21 us of CPU a
 * record where the promise-based one costs 36, reports a fenced producer by its own code, and leaves timeouts to us.
 * Never describeGroups: it can crash the process.
 */
export interface Client {
  readonly Producer: new (settings: ClientSettings) => ProducerHandle
  readonly KafkaConsumer: new (settings: GroupSettings) => ConsumerHandle
  readonly AdminClient: {
    createFrom(handle: ProducerHandle | ConsumerHandle): AdminHandle
    readonly OffsetSpec: { readonly EARLIEST: unknown; readonly LATEST: unknown }
    readonly IsolationLevel: { readonly READ_UNCOMMITTED: number; readonly READ_COMMITTED: number }
  }
}

const packageName = '@confluentinc/kafka-javascript'

const reasonOf = (error: unknown): string =>
  // The first line: Node adds the stack of requires to the message.
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''

/**
 * Loads the client when it is first needed, so that everything else works without it.
 *
 * @throws KAFKA_CLIENT_MISSING when the package is not installed, or its native part was never built
 */
export const loadClient = (require: (name: string) => unknown = createRequire(import.meta.url)): Client => {
  try {
    return readClient(require(packageName))
  } catch (error) {
    throw new OnewriteError('KAFKA_CLIENT_MISSING', { cause: reasonOf(error) }, { cause: error })
  }
}

const isClient = (value: unknown): value is Client =>
  typeof value === 'object' &&
  value !== null &&
  'Producer' in value &&
  'KafkaConsumer' in value &&
  'AdminClient' in value

const readClient = (loaded: unknown): Client => {
  const client =
    typeof loaded === 'object' && loaded !== null && 'RdKafka' in loaded ? loaded.RdKafka : undefined
  if (!isClient(client)) throw new Error(`${packageName} is of a version that is not known here`)
  return client
}
