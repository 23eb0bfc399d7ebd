import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { clientError, whileRetriable } from './call.ts'
import type { ClientError } from './client.ts'
import { failuresOf, type TransactionsOptions } from './failures.ts'
import type { Producer } from './producer.ts'
import { publishError } from './publish-error.ts'

const beginTimeout = 5_000
const abortTimeout = 3_000
/** Beyond the native timeout of the same call, so that the client's own answer comes first. */
const grace = 3_000
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

export const transactionsOf = (producer: Producer, options: TransactionsOptions): Transactions => {
  const { config, name } = options
  const { calls, handle, watch } = producer
  const failures = failuresOf(producer, options)
  let isOpen = false

  return {
    check: failures.check,
    handed: failures.handed,
    refused: failures.refused,
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
      failures.settled()
    },
    abort: async () => {
      await calls.settled(abortTimeout)
      if (!isOpen) return
      await calls
        .call('aborting', abortTimeout + grace, (callback) => handle.abortTransaction(abortTimeout, callback))
        .catch(() => undefined)
    },
    meaning: async (thrown, topic) => {
      const answer = await reasonBehind(producer, clientError(thrown))
      const { error, ...failure } = await failures.behind(answer, topic)
      return publishError(error, { name, brokers: config.brokers, fenced: watch.fenced(), ...failure })
    },
  }
}
