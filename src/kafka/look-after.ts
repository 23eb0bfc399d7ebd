import type { ClientError } from './client.ts'
import type { Joined } from './joined.ts'
import { rangeOf } from './partition-start.ts'
import { repeat } from './repeat.ts'
import { rangeWatch } from './watch-ranges.ts'
import { topicWatch } from './watch-topics.ts'

/** The looks at topics and partitions that the client does not take by itself. */
export interface LookingAfter {
  /** What the client said beside its answers. */
  heard(error: ClientError): void
  stop(): Promise<void>
}

const lookEvery = 5_000
/** The client gave a partition up, at an offset that is not there or in a log that was cut. */
const givenUp = [-140, -139, 1]
/** An unknown topic or partition. */
const unknown = [3, -188, -190]

/** Every partition of the topic is another one now, whatever its offsets look like. */
const renewTopic = async ({ client, consumer, hold }: Joined, topic: string): Promise<void> => {
  hold.renewed(topic)
  for (const partition of hold.held.values()) {
    if (partition.place.topic !== topic) continue
    const { from } = await rangeOf(client, consumer, partition.place, 'read_uncommitted')
    if (hold.held.get(partition.assignment.name) === partition) hold.renew(partition, from)
  }
}

export const lookingAfter = (joined: Joined, failed: (error: unknown) => void): LookingAfter => {
  const { options, consumer, hold, client, logger, fields } = joined
  const { missed, topics } = options
  const ranges = rangeWatch({ client, consumer, hold, logger, fields, missed })
  const watched = topicWatch({
    consumer,
    topics,
    logger,
    fields,
    renewed: (topic) => void renewTopic(joined, topic).catch(failed),
  })
  let all = false
  /** What the client said since the last look. */
  let complaint: string | undefined
  const looking = repeat(
    lookEvery,
    async () => {
      const fault = await watched.look()
      options.troubled(fault ?? complaint)
      complaint = undefined
      const isAll = all
      all = false
      await ranges.look(isAll)
    },
    failed,
  )
  // The first at once: from then on it shows when a topic is made anew.
  looking.soon()
  return {
    heard: ({ code, message }) => {
      logger.debug({ ...fields, code }, message)
      if (givenUp.includes(code)) all = true
      else if (!unknown.includes(code)) complaint = message
      if (all || unknown.includes(code)) looking.soon()
    },
    stop: looking.stop,
  }
}
