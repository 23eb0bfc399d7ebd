import { pause } from '../lifecycle/pause.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { type Calls, clientCalls, clientError } from './call.ts'
import type {
  AdminHandle,
  Client,
  ClientError,
  ClientSettings,
  DeliveryReport,
  ProducerHandle,
} from './client.ts'
import { connectHandle, makeHandle } from './connect.ts'
import { messageHeaders } from './message-headers.ts'
import type { KafkaConfig } from './options.ts'
import { type ClientWatch, watchClient } from './watch-client.ts'

/** One native producer, from its connection to its end. */
export interface Producer {
  readonly handle: ProducerHandle
  readonly admin: AdminHandle
  readonly calls: Calls
  readonly watch: ClientWatch
  /** Hears of every delivery, or of failures alone, as the settings say. */
  onDelivery(listener: (error: ClientError | undefined, report: DeliveryReport) => void): void
  /** Idempotent, never rejects. */
  close(): Promise<void>
}

/** How long a native call may go on after the close of its producer. */
const lastCall = 10_000
const disconnectTimeout = 10_000

const disconnect = async ({ handle, calls }: Pick<Producer, 'handle' | 'calls'>): Promise<void> => {
  // Left as it is otherwise: a leak is better than the end of the process.
  if (!(await calls.settled(lastCall))) return
  await calls
    .call('disconnecting', disconnectTimeout, (callback) => handle.disconnect(0, callback))
    .catch(() => undefined)
}

/** @throws BROKER_UNREACHABLE, BROKER_AUTHENTICATION, INVALID_CONFIG */
export const openProducer = async (
  client: Client,
  config: KafkaConfig,
  settings: ClientSettings,
): Promise<Producer> => {
  const handle = makeHandle(client.Producer, settings, config)
  const calls = clientCalls()
  const watch = watchClient(handle, config)
  try {
    await connectHandle(handle, calls, watch, config)
  } catch (error) {
    // Not awaited: the caller learns the reason now, the handle goes away when its call has ended.
    void disconnect({ handle, calls })
    throw error
  }
  handle.setPollInBackground(true)
  let closed: Promise<void> | undefined
  return {
    handle,
    admin: client.AdminClient.createFrom(handle),
    calls,
    watch,
    onDelivery: (listener) =>
      void handle.on('delivery-report', (error, report) =>
        listener(error ? clientError(error) : undefined, report),
      ),
    close: () => {
      closed ??= disconnect({ handle, calls })
      return closed
    },
  }
}

/** Empty, but with an address: the client takes a Buffer without one for null. */
const empty = Buffer.allocUnsafeSlow(1).subarray(0, 0)

/** A Buffer also for the key: the client cuts text at U+0000. */
const bytes = (value: string | Buffer | null): Buffer | null => {
  if (value === null) return null
  if (value.length === 0) return empty
  return typeof value === 'string' ? Buffer.from(value) : value
}

const queueFull = -184
const untilRoom = 2
/** Records between two turns of the event loop: about 5 ms of work with 12 headers each. */
const recordsPerTurn = 400

/** What an answer to one record is told by. */
export interface Handing {
  /** Throws when it is no use to go on. */
  check(): void
  /** A record was taken; `bytes` of its value. */
  taken?(record: OutgoingRecord, bytes: number): void
  /** Comes back with the report on this record. */
  opaque?(record: OutgoingRecord): unknown
  /** A record was not taken, for the reason given. */
  refused(record: OutgoingRecord, error: ClientError): void
}

const offer = (handle: ProducerHandle, record: OutgoingRecord, handing: Handing): boolean => {
  const { topic, partition = null, timestamp = null } = record
  const headers = messageHeaders(record.headers)
  const value = bytes(record.value)
  try {
    const opaque = handing.opaque?.(record)
    handle.produce(topic, partition, value, bytes(record.key), timestamp, opaque, headers)
    handing.taken?.(record, value?.length ?? 0)
    return true
  } catch (thrown) {
    const error = clientError(thrown)
    if (error.code === queueFull) return false
    handing.refused(record, error)
    throw thrown
  }
}

/** Hands records to the client in order. Waits while its queue is full, and lets other work run in between. */
export const enqueue = async (
  handle: ProducerHandle,
  records: readonly OutgoingRecord[],
  handing: Handing,
): Promise<void> => {
  let sinceTurn = 0
  for (const record of records) {
    while (!offer(handle, record, handing)) {
      await pause(untilRoom)
      handing.check()
    }
    if (++sinceTurn < recordsPerTurn) continue
    sinceTurn = 0
    await new Promise(setImmediate)
    handing.check()
  }
}
