import { pause } from '../lifecycle/pause.ts'
import { ClientCallError, clientError } from './call.ts'
import type { Client, Place, TopicDescription } from './client.ts'
import type { Consumer } from './consumer.ts'
import type { PartitionStart } from './held-partition.ts'
import { type Isolation, wholeRanges } from './read-partitions.ts'

const askTimeout = 5_000
const grace = 1_000
const askAgain = 500

/**
 * Where a partition begins and ends now.
 *
 * @throws ClientCallError
 */
export const rangeOf = async (
  client: Client,
  consumer: Consumer,
  { topic, partition }: Place,
  end: Isolation,
): Promise<{ readonly from: number; readonly to: number }> => {
  const [range] = await wholeRanges(client, consumer, { topic, partitions: [partition], end })
  if (range === undefined) throw new ClientCallError({ code: -1, message: `${topic} gives no offsets` })
  return range
}

const offsetIn = (answer: unknown): number | undefined => {
  if (typeof answer !== 'object' || answer === null || !('partition' in answer)) throw clientError(answer)
  const offset = 'offset' in answer ? answer.offset : undefined
  return typeof offset === 'number' && offset >= 0 ? offset : undefined
}

const committedOffset = async ({ handle, calls }: Consumer, place: Place): Promise<number | undefined> => {
  const answers = await calls.call<readonly unknown[]>(
    'asking for the group',
    askTimeout + grace,
    (callback) => handle.committed([place], askTimeout, callback),
  )
  return offsetIn(answers[0])
}

/**
 * Tells a topic from another one of its name; undefined where the brokers do not say.
 *
 * @throws ClientCallError
 */
export const originOf = async ({ admin, calls }: Consumer, topic: string): Promise<string | undefined> => {
  const answers = await calls.call<readonly TopicDescription[]>(
    'asking for the topic',
    askTimeout + grace,
    (callback) => admin.describeTopics([topic], { timeout: askTimeout }, callback),
  )
  return answers.find(({ name }) => name === topic)?.topicId?.base64
}

export interface StartOptions {
  readonly from: 'start' | 'now'
  readonly stop: AbortSignal
  /** Told each time the brokers do not answer. */
  unanswered(error: unknown): void
}

/**
 * Asks until the brokers answer; undefined when it was called off. `now` is the first open transaction: what commits
 * from now on is not passed over.
 */
export const partitionStart = async (
  client: Client,
  consumer: Consumer,
  place: Place,
  { from, stop, unanswered }: StartOptions,
): Promise<PartitionStart | undefined> => {
  while (!stop.aborted) {
    try {
      const committed = await committedOffset(consumer, place)
      const origin = await originOf(consumer, place.topic)
      if (committed !== undefined) return { place, origin, committed, otherwise: committed }
      const range = await rangeOf(client, consumer, place, 'read_committed')
      return { place, origin, committed, otherwise: from === 'now' ? range.to : range.from }
    } catch (error) {
      if (!stop.aborted) unanswered(error)
      await pause(askAgain, stop)
    }
  }
  return undefined
}
