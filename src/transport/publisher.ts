import type { OutgoingRecord } from '../message/outgoing-record.ts'

/**
 * Sends records at least once: a record may be written twice after a fault, never in another order than given.
 * After a rejection the publisher is spent: close it, make a new one, go on from the last checkpoint.
 */
export interface Publisher {
  /** Resolves once every record is acknowledged. May be called again before it resolves; order is kept. */
  publish(records: readonly OutgoingRecord[]): Promise<void>
  close(): Promise<void>
}

/**
 * Sends records and a checkpoint in one transaction of the transport, and is fenced by its name: opening a second
 * one of the same name makes every commit of the first fail.
 * After any rejection the outcome may be indefinite: close it, open a new one, and read the checkpoint again.
 */
export interface TransactionalPublisher {
  /** The last committed checkpoint, read back after the predecessor was fenced; undefined when there is none. */
  readonly checkpoint: string | undefined
  /** Adds records to the open transaction, opening it where needed. May be called again before it resolves. */
  publish(records: readonly OutgoingRecord[]): Promise<void>
  /** Commits the open transaction together with the checkpoint. All `publish` promises must have resolved. */
  commit(checkpoint: string): Promise<void>
  /** Gives up the open transaction, if any, and the connection. Never rejects. */
  close(): Promise<void>
}

export interface Topic {
  readonly name: string
  /** Default: the transport's. */
  readonly partitions?: number
}

export interface PublisherOptions {
  readonly name: string
  /** Sends each record apart from the others, so that a refusal names exactly those it is meant for. Default false. */
  readonly apart?: boolean
}

/**
 * The sending half of a transport. A record that it refuses for good rejects with PUBLISH_REFUSED or INVALID_RECORD,
 * which says in `refused` which ones those were (`refusedBy`).
 */
export interface Publishing {
  publisher(options: PublisherOptions): Promise<Publisher>
  transactionalPublisher(options: PublisherOptions): Promise<TransactionalPublisher>
  /** Creates the topics that do not exist; existing ones are left alone. */
  createTopics(topics: readonly Topic[]): Promise<void>
}
