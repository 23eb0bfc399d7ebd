import { clientError } from './call.ts'
import type { Client, ClientError, ConsumerHandle, GroupCallbacks, Place } from './client.ts'
import { groupSettings } from './client-settings.ts'
import { groupCommits, noCommits } from './commits.ts'
import { type Consumer, openConsumer } from './consumer.ts'
import { placeName } from './held-partition.ts'
import { holding } from './holding.ts'
import type { Joined, MembershipOptions } from './joined.ts'
import { lookingAfter } from './look-after.ts'
import type { KafkaConfig } from './options.ts'
import { polling } from './poll.ts'
import { repeat } from './repeat.ts'

/** One client in the group, from joining to leaving. */
export interface Membership {
  /** Rejects when the client cannot go on; with MemberError when the member cannot. */
  readonly failed: Promise<never>
  /** For offsets in a transaction, which the membership must outlive. */
  readonly handle: ConsumerHandle
  /** Whether the group took partitions without a word, or it was left. */
  isLost(): boolean
  /** The offset that is read next of a partition, by its name. */
  position(name: string): number | undefined
  /** Lets the member finish, commits and leaves. Never rejects. */
  leave(): Promise<void>
  /** Takes everything away at once. Never rejects. */
  abandon(): Promise<void>
}

const assignPartitions = -175
const commitEvery = 500

/** Answers the client, which does nothing with partitions by itself. */
const answerRebalance = (
  { hold, consumer, logger, fields }: Joined,
  error: ClientError | undefined,
  places: readonly Place[],
): Promise<void> | undefined => {
  const partitions = places.map(placeName)
  if (error?.code === assignPartitions) {
    logger.info({ ...fields, partitions }, 'partitions were assigned')
    hold.take(places)
    return undefined
  }
  if (consumer.handle.assignmentLost()) {
    logger.warn({ ...fields, partitions }, 'partitions were lost')
    hold.lose(places)
    return undefined
  }
  logger.info({ ...fields, partitions }, 'partitions are wanted elsewhere')
  return hold.giveBack(places)
}

/** Undefined where the client does not know the partition (yet, or any more). */
const knownEnd = ({ handle }: Consumer, { topic, partition }: Place): number | undefined => {
  try {
    const { highOffset } = handle.getWatermarkOffsets(topic, partition)
    return highOffset >= 0 ? highOffset : undefined
  } catch {
    return undefined
  }
}

/** Commits, hears where partitions end, and whether the group took them without a word so far. */
const tend = ({ consumer, hold, commits }: Joined): void => {
  const partitions = [...hold.held.values()]
  if (consumer.handle.assignmentLost()) for (const partition of partitions) partition.lose()
  void commits.commit(partitions)
  for (const partition of partitions) {
    const end = knownEnd(consumer, partition.place)
    if (end !== undefined) partition.heard(end)
  }
}

interface Failing {
  readonly failed: Promise<never>
  fail(error: unknown): void
}

const failing = (): Failing => {
  let reject: Failing['fail'] = () => undefined
  const failed = new Promise<never>((_, fail) => {
    reject = fail
  })
  failed.catch(() => undefined)
  return { failed, fail: (error) => reject(error) }
}

/** Until everything is there, the client can only say that it has something to say. */
const callbacksOf = (joined: () => Joined | undefined, fail: (error: unknown) => void): GroupCallbacks => ({
  rebalance_cb: (error, places) => {
    const known = joined()
    try {
      known?.options.rebalanced()
      if (known !== undefined) answerRebalance(known, error, places)?.catch(fail)
    } catch (thrown) {
      fail(thrown)
    }
  },
  offset_commit_cb: (error, places) => joined()?.commits.answered(error, places),
  queue_non_empty_cb: () => joined()?.polls.wake(),
})

const join = async (
  client: Client,
  config: KafkaConfig,
  options: MembershipOptions,
  fail: (error: unknown) => void,
): Promise<Joined> => {
  const { group, member, from } = options
  const { logger, clientId } = config
  const fields = { kafka: clientId, group }
  let known: Joined | undefined
  const joined = (): Joined | undefined => known
  const settings = { ...groupSettings(config, group), ...callbacksOf(joined, fail) }
  const consumer = await openConsumer(client, config, settings)
  const refused = ({ code, message }: ClientError, places: readonly Place[]): void => {
    options.refused()
    const partitions = places.map(placeName)
    logger.warn({ ...fields, code, partitions }, `a commit of offsets was refused: ${message}`)
  }
  const commits = options.commits === false ? noCommits : groupCommits(consumer.handle, refused)
  const hold = holding({
    client,
    consumer,
    commits,
    member,
    from,
    asked: () => joined()?.polls.wake(),
    restarted: (place) => joined()?.polls.restarted(place),
    unanswered: (error) => options.troubled(clientError(error).message),
    fail,
  })
  const polls = polling(consumer, hold.held)
  known = { options, logger, fields, client, consumer, commits, hold, polls }
  return known
}

/** @throws BROKER_UNREACHABLE, BROKER_AUTHENTICATION, INVALID_CONFIG */
export const openMembership = async (
  client: Client,
  config: KafkaConfig,
  options: MembershipOptions,
): Promise<Membership> => {
  const { failed, fail } = failing()
  const joined = await join(client, config, options, fail)
  const { consumer, hold, polls, logger, fields } = joined
  const { handle } = consumer
  const unexpected = (error: unknown): void => {
    logger.info({ ...fields, error: clientError(error).message }, 'the brokers do not answer')
    options.troubled(clientError(error).message)
  }
  const after = lookingAfter(joined, unexpected)
  const tending = repeat(commitEvery, () => tend(joined), unexpected)
  const stopPolls = new AbortController()
  handle.on('partition.eof', (end) => hold.held.get(placeName(end))?.reached(end.offset))
  const answered = (error: ClientError): void => {
    if (error.isFatal === true) fail(error)
    else after.heard(error)
  }
  handle.on('event.error', answered)
  handle.subscribe(options.topics)
  const polled = polls.run(stopPolls.signal, answered)

  let isClosed = false
  const close = async (): Promise<void> => {
    isClosed = true
    await Promise.all([tending.stop(), after.stop()])
    stopPolls.abort()
    await polled
    await consumer.close()
  }
  return {
    failed,
    handle,
    isLost: () => isClosed || handle.assignmentLost(),
    position: (name) => hold.held.get(name)?.position,
    leave: async () => {
      await hold.giveAllBack().catch(unexpected)
      await close()
    },
    abandon: async () => {
      hold.loseAll()
      await close()
    },
  }
}
