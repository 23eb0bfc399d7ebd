import { createRequire } from 'node:module'
import { vi } from 'vitest'
import { brokers } from './broker.ts'

/** What the package does not use of the client: an operator's hand on topics and groups. */
const { RdKafka } = createRequire(import.meta.url)('@confluentinc/kafka-javascript')

const timeout = 10_000

type Answer = (error: unknown, result: unknown) => void

const ask = <Result>(
  start: (answer: Answer) => unknown,
  read: (result: unknown) => Result,
): Promise<Result> =>
  new Promise((resolve, reject) => {
    start((error, result) => (error ? reject(error) : resolve(read(result))))
  })

const nothing = (): undefined => undefined

const isGone = (answer: unknown): boolean =>
  Array.isArray(answer) && answer.every((topic) => topic.error !== undefined)

/** Deletes a topic, and resolves when the broker does not know it any more. */
export const deleteTopic = async (topic: string, at = brokers()): Promise<void> => {
  const admin = RdKafka.AdminClient.create({ 'bootstrap.servers': at })
  try {
    await ask((answer) => admin.deleteTopic(topic, timeout, answer), nothing)
    await vi.waitFor(
      async () => {
        const describe = (answer: Answer): unknown => admin.describeTopics([topic], { timeout }, answer)
        if (!(await ask(describe, isGone))) throw new Error(`${topic} is still there`)
      },
      { timeout },
    )
  } finally {
    admin.disconnect()
  }
}

export const growTopic = (topic: string, partitions: number, at = brokers()): Promise<void> => {
  const admin = RdKafka.AdminClient.create({ 'bootstrap.servers': at })
  return ask((answer) => admin.createPartitions(topic, partitions, timeout, answer), nothing).finally(() =>
    admin.disconnect(),
  )
}

/** What retention does: the records below an offset are gone. */
export const dropRecords = (
  topic: string,
  partition: number,
  offset: number,
  at = brokers(),
): Promise<void> => {
  const admin = RdKafka.AdminClient.create({ 'bootstrap.servers': at })
  const places = [{ topic, partition, offset }]
  return ask((answer) => admin.deleteRecords(places, { timeout }, answer), nothing).finally(() =>
    admin.disconnect(),
  )
}

interface GroupOffset {
  readonly topic: string
  readonly partition: number
  readonly offset?: number
}

const inGroup = async <Result>(
  group: string,
  use: (handle: typeof RdKafka) => Promise<Result>,
): Promise<Result> => {
  const handle = new RdKafka.KafkaConsumer({ 'bootstrap.servers': brokers(), 'group.id': group })
  await ask((answer) => handle.connect({ timeout }, answer), nothing)
  try {
    return await use(handle)
  } finally {
    await ask((answer) => handle.disconnect(answer), nothing)
  }
}

const isOffsets = (answer: unknown): answer is readonly GroupOffset[] => Array.isArray(answer)

/** What a group committed, by partition; undefined where it committed nothing. */
export const committedOffsets = (
  group: string,
  topic: string,
  partitions: number,
): Promise<readonly (number | undefined)[]> => {
  const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  return inGroup(group, (handle) =>
    ask(
      (answer) => handle.committed(places, timeout, answer),
      (answer) => (isOffsets(answer) ? answer.map(({ offset }) => offset) : []),
    ),
  )
}

/** Commits as another program would, while no member is in the group. */
export const commitOffset = (
  group: string,
  topic: string,
  partition: number,
  offset: number,
): Promise<void> =>
  inGroup(group, async (handle) => {
    handle.commitSync([{ topic, partition, offset }])
  })
