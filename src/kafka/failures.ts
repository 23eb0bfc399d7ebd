import { pause } from '../lifecycle/pause.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { PublisherOptions } from '../transport/publisher.ts'
import { type RefusedRecord, refusedRecord } from '../transport/refused.ts'
import type { ClientError } from './client.ts'
import { mostQueued } from './client-settings.ts'
import type { KafkaConfig } from './options.ts'
import type { Producer } from './producer.ts'
import { isAboutRecord } from './publish-error.ts'
import { recentRecords } from './recent-records.ts'

export interface TransactionsOptions extends PublisherOptions {
  readonly config: KafkaConfig
}

/** Why a transaction failed, and at which records. */
export interface Failure {
  readonly error: ClientError
  readonly topic: string | undefined
  readonly refused: readonly RefusedRecord[]
  readonly exact: boolean
}

/** What the client reports of the records of a transaction. */
export interface Failures {
  /** @throws what failed first */
  check(): void
  /** A record was handed over. */
  handed(record: OutgoingRecord, bytes: number): void
  /** A record was not even taken. */
  refused(record: OutgoingRecord): void
  /** All that was handed over is safe. */
  settled(): void
  /** The failure behind an answer to a call. */
  behind(answer: ClientError, topic: string | undefined): Promise<Failure>
}

const reportTimeout = 1_000
const askAgain = 5

export const failuresOf = (
  { onDelivery, watch }: Producer,
  { config, apart = false }: TransactionsOptions,
): Failures => {
  const recent = recentRecords(mostQueued)
  const refused: RefusedRecord[] = []
  let exact = apart
  let first: { readonly error: ClientError; readonly topic: string } | undefined

  // A commit fails after this, too; looking earlier saves sending the rest.
  onDelivery((error, { topic, key, size }) => {
    if (error === undefined) return
    const isReason = isAboutRecord(error)
    if (isReason && topic !== config.checkpointTopic) refused.push(recent.name(topic, key, size))
    // What was only dropped because of it may be reported before it.
    if (first === undefined || (isReason && !isAboutRecord(first.error))) first = { error, topic }
  })

  const denied = (): readonly string[] => watch.denied().filter((topic) => topic !== config.checkpointTopic)

  /** The answer to a call may overtake the report on what it is about. */
  const reported = async (): Promise<void> => {
    const deadline = performance.now() + reportTimeout
    const isNamed = (): boolean => refused.length > 0 || denied().length > 0
    while (!isNamed() && performance.now() < deadline) await pause(askAgain)
  }

  return {
    check: () => {
      if (first !== undefined) throw first.error
    },
    handed: recent.add,
    refused: (record) => {
      refused.push(refusedRecord(record))
      exact = true
    },
    settled: recent.clear,
    behind: async (answer, topic) => {
      if (isAboutRecord(answer)) await reported()
      const [topicDenied] = denied()
      if (refused.length === 0 && topicDenied !== undefined) {
        return { error: answer, topic: topicDenied, refused: denied().map(recent.firstFor), exact: true }
      }
      const error = first !== undefined && isAboutRecord(first.error) ? first.error : answer
      return { error, topic: first?.topic ?? topic, refused, exact }
    },
  }
}
