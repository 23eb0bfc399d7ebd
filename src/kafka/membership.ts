import type { Member } from '../transport/subscriber.ts'
import { clientCalls } from './call.ts'
import type { Client, ClientError, Place } from './client.ts'
import { groupSettings } from './client-settings.ts'
import { groupCommits } from './commits.ts'
import { connectHandle, makeHandle } from './connect.ts'
import type { HeldPartition } from './held-partition.ts'
import { holding } from './holding.ts'
import type { KafkaConfig } from './options.ts'
import { polling } from './poll.ts'
import { watchClient } from './watch-client.ts'

export interface MembershipOptions {
  readonly group: string
  readonly topics: readonly string[]
  readonly from: 'start' | 'now'
  readonly member: Member
  /** Partitions were given or taken. */
  rebalanced(): void
  /** A commit was refused. */
  refused(): void
  /** Something keeps it from reading; undefined when it no longer does. */
  troubled(reason: string | undefined): void
}

/** One client in the group, from joining to leaving. */
export interface Membership {
  /** Rejects when the client cannot go on; MemberError when the member cannot. */
  readonly failed: Promise<never>
  /** Lets the member finish, commits and leaves. Never rejects. */
  leave(): Promise<void>
  /** Takes everything away at once. Never rejects. */
  abandon(): Promise<void>
}

const assignPartitions = -175
const revokePartitions = -174
const tick = 500
const disconnectTimeout = 15_000

/** @throws BROKER_UNREACHABLE, BROKER_AUTHENTICATION, INVALID_CONFIG */
export const openMembership = async (
  client: Client,
  config: KafkaConfig,
  options: MembershipOptions,
): Promise<Membership> => {
  const { group, topics, member, from } = options
  const { logger, clientId } = config
  const fields = { kafka: clientId, group }
  const calls = clientCalls()
  const held = new Map<string, HeldPartition>()
  const stopPolls = new AbortController()
  let disconnecting = false
  let fail: (error: unknown) => void = () => undefined
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => undefined)

  const rebalanced = (error: ClientError | undefined, places: readonly Place[]): void => {
    options.rebalanced()
    try {
      if (error?.code === assignPartitions) {
        logger.info({ ...fields, partitions: places }, 'partitions were assigned')
        hold.take(places)
        options.troubled(undefined)
      } else if (error?.code === revokePartitions && handle.assignmentLost()) {
        logger.warn({ ...fields, partitions: places }, 'partitions were lost')
        hold.lose(places)
      } else {
        logger.info({ ...fields, partitions: places }, 'partitions are revoked')
        hold.giveBack(places).catch(fail)
      }
    } catch (error) {
      fail(error)
    }
  }
  const settings = {
    ...groupSettings(config, group),
    rebalance_cb: rebalanced,
    offset_commit_cb: (error: ClientError | undefined, places: readonly Place[]) =>
      commits.answered(error, places),
    queue_non_empty_cb: () => polls.wake(),
  }
  const handle = makeHandle(client.KafkaConsumer, settings, config)
  const commits = groupCommits(handle, fields, logger, options.refused)
  const polls = polling(handle, calls, held)
  const unanswered = (_place: Place, error: unknown): void => {
    options.troubled(error instanceof Error ? error.message : String(error))
  }
  const hold = holding({
    handle,
    calls,
    commits,
    member,
    from,
    held,
    asked: polls.wake,
    unanswered,
    fail: (error) => fail(error),
  })
  const disconnect = async (): Promise<void> => {
    if (disconnecting) return
    disconnecting = true
    if (!(await calls.settled(disconnectTimeout))) return
    await calls
      .call('leaving the group', disconnectTimeout, (callback) => handle.disconnect(callback))
      .catch(() => undefined)
  }
  const watch = watchClient(handle, config)
  try {
    await connectHandle(handle, calls, watch, config)
  } catch (error) {
    void disconnect()
    throw error
  }
  handle.on('partition.eof', (end) => held.get(`${end.topic}/${end.partition}`)?.reached(end.offset))
  handle.on('event.error', (error) => {
    if (error.isFatal === true) fail(error)
  })
  const refused = (error: ClientError): void => {
    if (error.isFatal === true) fail(error)
    else logger.info({ ...fields, code: error.code }, error.message)
  }
  const hear = (): void => {
    for (const partition of held.values()) {
      const { topic, partition: number } = partition.place
      const { highOffset } = handle.getWatermarkOffsets(topic, number)
      if (highOffset >= 0) partition.heard(highOffset)
    }
  }
  const timer = setInterval(() => {
    void commits.commit([...held.values()])
    hear()
  }, tick)
  handle.subscribe(topics)
  const polled = polls.run(stopPolls.signal, refused)
  const close = async (): Promise<void> => {
    clearInterval(timer)
    stopPolls.abort()
    await polled
    await disconnect()
  }

  return {
    failed,
    leave: async () => {
      await hold.giveAllBack().catch(() => undefined)
      await close()
    },
    abandon: async () => {
      hold.loseAll()
      await close()
    },
  }
}
