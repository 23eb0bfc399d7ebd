import type { HealthState } from '../lifecycle/health.ts'
import type { HeaderList } from '../message/outgoing-record.ts'

/** A record as a transport delivers it, byte for byte. */
export interface DeliveredRecord {
  readonly topic: string
  readonly partition: number
  /** Place within the assignment that delivered it; grows, with gaps. Decimal digits. */
  readonly offset: string
  /** Milliseconds since 1970; undefined where nobody set one. */
  readonly timestamp: number | undefined
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: HeaderList
}

export interface SubscribeOptions {
  /** Name under which progress is kept; instances that share it share the work. */
  readonly group: string
  /** Topics to read; all when absent, where the transport can. */
  readonly topics?: readonly string[]
  /** Where a group without progress begins. Default `start`. */
  readonly from?: 'start' | 'now'
}

export interface FetchLimits {
  readonly records: number
  /** Of keys and values together; at least one record comes in any case. */
  readonly bytes: number
}

/** A partition in the hands of one member. Records of one key always come through the same partition, in order. */
export interface Assignment {
  /** Tells it from the group's other partitions, for all time: `order.events/3`. */
  readonly name: string
  /**
   * What it is a partition of, where names can come again: another value once a topic of the same name was made anew,
   * and its offsets mean something else.
   */
  readonly origin?: string | undefined
  /** Where the group goes on by the transport's own account; undefined where it keeps none yet. */
  readonly committed: bigint | undefined
  /** Aborted once the partition may be somebody else's: nothing of it may be begun any more. */
  readonly lost: AbortSignal
  /** One past the last record, as last heard; undefined while that is not known. */
  readonly end: bigint | undefined
  /** Records that were not handed out yet, estimated: where offsets have gaps and do not tell. */
  readonly behind?: bigint | undefined
  /** To be called once, before `next`. Where to begin: default `committed`, else as `SubscribeOptions.from` says. */
  begin(from?: bigint): void
  /**
   * The next records, in order; waits while there are none. Nothing once the partition is wanted elsewhere or the
   * subscription stops. One call at a time; nothing is fetched far ahead of the calls, so not calling holds back.
   *
   * @throws what keeps the partition from being read; another call tries again
   */
  next(limits: FetchLimits): Promise<readonly DeliveredRecord[]>
  /**
   * Everything below `next` is dealt with for good. Never goes back; may be called often; what it stores becomes durable
   * soon after, and in any case before the partition is given away in good order.
   */
  settle(next: bigint): void
}

/** Who reads the partitions that a subscription is given. */
export interface Member {
  /** A rejection ends the subscription with it. */
  assigned(assignment: Assignment): Promise<void>
  /**
   * The partition is wanted elsewhere, or the subscription stops: finish what is in hand, settle it, and resolve. It is
   * given away after that, or when the transport can wait no longer (`lost`).
   */
  revoked(assignment: Assignment): Promise<void>
}

/** What a subscription has been through. */
export interface SubscriptionCounts {
  /** Times that partitions were given or taken. */
  readonly rebalances: number
  /** Times that the transport refused to store what was settled; it is stored later, or by the next owner. */
  readonly refusals: number
  /** Records that were gone before they could be read, as far as it can be told. */
  readonly missed: number
}

export interface Subscription {
  /** Settles when the subscription has ended: after `stop`, or rejects when it cannot go on. */
  readonly ended: Promise<void>
  /** Takes no new records, revokes every partition and waits for the members to let go. Idempotent. */
  stop(): Promise<void>
  /** How it is, where the transport can tell. `reason` is set unless everything is fine. */
  health?(): { readonly state: HealthState; readonly reason?: string }
  counts?(): SubscriptionCounts
}

/** For how long a transport keeps the records of a topic, whoever has read them. */
export interface TopicRetention {
  readonly topic: string
  /** Milliseconds at least; infinite where none is dropped by age. */
  readonly keeps: number
}

/** The receiving half of a transport. */
export interface Subscribing {
  /** Each partition of the topics belongs to one member of the group at a time. */
  subscribe(options: SubscribeOptions, member: Member): Subscription
  /** Of topics that exist and may be asked about. Absent where no record goes before every group has read it. */
  retention?(topics: readonly string[]): Promise<readonly TopicRetention[]>
}
