import { type Calls, ClientCallError, clientCalls, whileRetriable } from './call.ts'
import type { Client, ConsumedMessage, ConsumerHandle, ListedOffset, PartitionEnd } from './client.ts'
import { readerSettings } from './client-settings.ts'
import { connectHandle, makeHandle } from './connect.ts'
import type { KafkaConfig } from './options.ts'
import type { Producer } from './producer.ts'
import { watchClient } from './watch-client.ts'

export type Isolation = 'read_committed' | 'read_uncommitted'

/** Offsets of one partition: `from` is read, `to` is not. */
export interface Range {
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly to: number
}

export interface Reader {
  /**
   * Reads whole ranges; `each` sees the records of a partition in order. Resolves with false when the deadline (of
   * `performance.now()`) passed first.
   */
  read(ranges: readonly Range[], deadline: number, each: (message: ConsumedMessage) => void): Promise<boolean>
  close(): Promise<void>
}

const atOnce = 1_000
const consumeTimeout = 100
const callTimeout = 10_000

const place = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string =>
  `${topic}/${partition}`

const consume = (handle: ConsumerHandle, { call }: Calls): Promise<readonly ConsumedMessage[]> =>
  call('reading', callTimeout, (callback) => handle.consume(atOnce, callback))

/** @throws BROKER_UNREACHABLE, BROKER_AUTHENTICATION */
export const openReader = async (
  client: Client,
  config: KafkaConfig,
  isolation: Isolation,
): Promise<Reader> => {
  const handle = makeHandle(client.KafkaConsumer, readerSettings(config, isolation), config)
  const calls = clientCalls()
  const close = async (): Promise<void> => {
    if (!(await calls.settled(callTimeout))) return
    await calls
      .call('disconnecting', callTimeout, (callback) => handle.disconnect(callback))
      .catch(() => undefined)
  }
  const watch = watchClient(handle, config)
  try {
    await connectHandle(handle, calls, watch, config)
  } catch (error) {
    void close()
    throw error
  }
  handle.setDefaultConsumeTimeout(consumeTimeout)

  const next = new Map<string, number>()
  const advance = (at: { readonly topic: string; readonly partition: number }, offset: number): void => {
    const known = next.get(place(at))
    if (known !== undefined && offset > known) next.set(place(at), offset)
  }
  // Markers of transactions take offsets too and are no records: only the end of the partition tells of them.
  handle.on('partition.eof', (end: PartitionEnd) => advance(end, end.offset))

  const read: Reader['read'] = async (ranges, deadline, each) => {
    next.clear()
    for (const range of ranges) next.set(place(range), range.from)
    const ends = new Map(ranges.map((range) => [place(range), range.to]))
    const isDone = (): boolean => ranges.every((range) => (next.get(place(range)) ?? 0) >= range.to)
    if (isDone()) return true
    handle.assign(ranges.map(({ topic, partition, from }) => ({ topic, partition, offset: from })))
    while (!isDone()) {
      if (performance.now() >= deadline) return false
      for (const message of await consume(handle, calls)) {
        // The client counts up before the records are looked at: what lies beyond the range is not part of it.
        if (message.offset < (ends.get(place(message)) ?? 0)) each(message)
        advance(message, message.offset + 1)
      }
    }
    return true
  }
  return { read, close }
}

interface Asked {
  readonly topic: string
  readonly partitions: readonly number[]
  readonly offset: unknown
  readonly isolationLevel: number
}

/** UNKNOWN_TOPIC_OR_PART, LEADER_NOT_AVAILABLE, NOT_LEADER_FOR_PARTITION: a topic that was just made, a new leader. */
const settling = [3, 5, 6]

/** Whoever can ask: a producer or a consumer. */
export type Asking = Pick<Producer, 'calls' | 'admin'>

const offsets = ({ calls, admin }: Asking, asked: Asked): Promise<readonly ListedOffset[]> =>
  whileRetriable(callTimeout, async (atMost) => {
    const { topic, partitions, offset, isolationLevel } = asked
    const places = partitions.map((partition) => ({ topic, partition, offset }))
    const options = { timeout: atMost, isolationLevel }
    const listed = await calls.call<readonly ListedOffset[]>('asking for offsets', callTimeout, (callback) =>
      admin.listOffsets(places, options, callback),
    )
    for (const { error } of listed) {
      if (error === undefined || error === null || error.code === 0) continue
      const { code, message } = error
      throw new ClientCallError({ code, message, isRetriable: settling.includes(code) })
    }
    return listed
  })

export interface Whole {
  readonly topic: string
  readonly partitions: readonly number[]
  /** Where it ends: at the first open transaction (`read_committed`), or behind all of them. */
  readonly end: Isolation
}

/**
 * All that partitions hold now. An open transaction holds back what read_committed readers see, and must not pass
 * for the end where nothing may be missed.
 *
 * @throws ClientCallError
 */
export const wholeRanges = async (
  client: Client,
  asking: Asking,
  { topic, partitions, end }: Whole,
): Promise<readonly Range[]> => {
  const { OffsetSpec, IsolationLevel } = client.AdminClient
  const { READ_COMMITTED, READ_UNCOMMITTED } = IsolationLevel
  const level = end === 'read_committed' ? READ_COMMITTED : READ_UNCOMMITTED
  const asked = { topic, partitions }
  const begin = { ...asked, offset: OffsetSpec.EARLIEST, isolationLevel: READ_UNCOMMITTED }
  const first = await offsets(asking, begin)
  const last = await offsets(asking, { ...asked, offset: OffsetSpec.LATEST, isolationLevel: level })
  const firstOf = new Map(first.map(({ partition, offset }) => [partition, offset]))
  return last.map(({ partition, offset }) => ({
    topic,
    partition,
    from: firstOf.get(partition) ?? 0,
    to: offset,
  }))
}
