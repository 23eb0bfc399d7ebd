/** A record as a transport delivers it. */
export interface DeliveredRecord {
  readonly topic: string
  readonly partition: number
  /** Place within (topic, partition); grows. Decimal digits. */
  readonly offset: string
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
}

export interface SubscribeOptions {
  /** Name under which progress is kept; instances that share it share the work. */
  readonly group: string
  /** Topics to read; all when absent, where the transport can. */
  readonly topics?: readonly string[]
  /** Where a group without progress begins. Default `start`. */
  readonly from?: 'start' | 'now'
}

export interface Subscription {
  /** Settles when the subscription has ended: after `stop`, or rejects when it cannot go on. */
  readonly ended: Promise<void>
  /** Takes no new records, waits for those in hand, releases what it holds. Idempotent. */
  stop(): Promise<void>
}

/** The receiving half of a transport. */
export interface Subscribing {
  /**
   * Delivers records in order per key. Progress moves only after `deliver` resolved; when it rejects, the same
   * records are delivered again after a backoff.
   */
  subscribe(
    options: SubscribeOptions,
    deliver: (records: readonly DeliveredRecord[]) => Promise<void>,
  ): Subscription
}
