import { pause } from '../lifecycle/pause.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { PublisherOptions } from '../transport/publisher.ts'
import { type RefusedRecord, refusedRecord } from '../transport/refused.ts'
import { clientError, whileRetriable } from './call.ts'
import type { ClientError } from './client.ts'
import { mostQueued } from './client-settings.ts'
import type { KafkaConfig } from './options.ts'
import type { Producer } from './producer.ts'
import { isAboutRecord, publishError } from './publish-error.ts'
import { recentRecords } from './recent-records.ts'

const beginTimeout = 5_000
const abortTimeout = 3_000
/** Beyond the native timeout of the same call, so that the client's own answer comes first. */
const grace = 3_000
const reportTimeout = 1_000
const askAgain = 5
/** The predecessor's transaction is aborted before init ends; brokers take a moment for that. */
const initTimeout = 60_000

/** Fences whoever had this name before, and resolves once its last transaction is decided. */
export const initTransactions = ({ calls, handle }: Producer): Promise<unknown> =>
  whileRetriable(initTimeout, (atMost) =>
    calls.call('taking over the name', atMost + grace, (callback) =>
      handle.initTransactions(atMost, callback),
    ),
  )

const beginTransaction = ({ calls, handle }: Producer): Promise<unknown> =>
  calls.call('beginning a transaction', beginTimeout, (callback) => handle.beginTransaction(callback))

/** The client gives these to records that it dropped because of something else. */
const purged = [-152, -151, -150]

/** A begin in a producer that failed for good answers with the reason; in any other it says nothing of use. */
const reasonBehind = async (producer: Producer, error: ClientError): Promise<ClientError> => {
  if (!purged.includes(error.code)) return error
  return beginTransaction(producer).then(
    () => error,
    (reason: unknown) => clientError(reason),
  )
}

/** The transactions of one producer, one after the other. */
export interface Transactions {
  /** @throws what failed since the last look */
  check(): void
  /** Begins one unless one is open. */
  open(): Promise<void>
  /** `check` is asked before every attempt. */
  commit(check: () => void): Promise<void>
  /** Gives up what is open. Never rejects. */
  abort(): Promise<void>
  /** A record of the open transaction was handed over. */
  handed(record: OutgoingRecord, bytes: number): void
  /** A record was not even taken. */
  refused(record: OutgoingRecord): void
  /** What a thrown answer of the client means for the publisher. */
  meaning(thrown: unknown, topic?: string): Promise<Error>
}

export interface TransactionsOptions extends PublisherOptions {
  readonly config: KafkaConfig
}

interface Failure {
  readonly error: ClientError
  readonly topic: string
}

export const transactionsOf = (
  producer: Producer,
  { config, name, apart = false }: TransactionsOptions,
): Transactions => {
  const { calls, handle, watch } = producer
  const recent = recentRecords(mostQueued)
  const refused: RefusedRecord[] = []
  let isOpen = false
  let exact = apart
  let failure: Failure | undefined

  // A commit fails after this, too; looking earlier saves sending the rest.
  producer.onDelivery((error, { topic, key, size }) => {
    if (error === undefined) return
    const isReason = isAboutRecord(error)
    if (isReason && topic !== config.checkpointTopic) refused.push(recent.name(topic, key, size))
    // What was only dropped because of it may be reported before it.
    if (failure === undefined || (isReason && !isAboutRecord(failure.error))) failure = { error, topic }
  })

  /** The answer to a call may overtake the report on the record that it is about. */
  const named = async (): Promise<void> => {
    const deadline = performance.now() + reportTimeout
    while (refused.length === 0 && performance.now() < deadline) await pause(askAgain)
  }

  return {
    check: () => {
      if (failure !== undefined) throw failure.error
    },
    open: async () => {
      if (!isOpen) await beginTransaction(producer)
      isOpen = true
    },
    commit: async (check) => {
      await whileRetriable(config.transactionTimeout, (atMost) => {
        check()
        return calls.call('committing', atMost + grace, (callback) =>
          handle.commitTransaction(atMost, callback),
        )
      })
      isOpen = false
      recent.clear()
    },
    abort: async () => {
      await calls.settled(abortTimeout)
      if (!isOpen) return
      await calls
        .call('aborting', abortTimeout + grace, (callback) => handle.abortTransaction(abortTimeout, callback))
        .catch(() => undefined)
    },
    handed: recent.add,
    refused: (record) => {
      refused.push(refusedRecord(record))
      exact = true
    },
    meaning: async (thrown, topic) => {
      const given = await reasonBehind(producer, clientError(thrown))
      if (isAboutRecord(given)) await named()
      const reason = failure !== undefined && isAboutRecord(failure.error) ? failure.error : given
      const { brokers } = config
      const at = failure?.topic ?? topic
      return publishError(reason, { name, brokers, topic: at, fenced: watch.fenced(), refused, exact })
    },
  }
}
