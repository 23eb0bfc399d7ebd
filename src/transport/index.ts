export { delivering } from './deliver.ts'
export { type MemoryOptions, type MemoryTransport, memory } from './memory.ts'
export { type PostgresOptions, postgres } from './postgres.ts'
export type { Publisher, PublisherOptions, Publishing, Topic, TransactionalPublisher } from './publisher.ts'
export {
  publishRefused,
  type Refusal,
  type Refused,
  type RefusedRecord,
  refusedBy,
  refusedRecord,
  withRefused,
} from './refused.ts'
export type {
  Assignment,
  DeliveredRecord,
  FetchLimits,
  Member,
  SubscribeOptions,
  Subscribing,
  Subscription,
  SubscriptionCounts,
  TopicRetention,
} from './subscriber.ts'
export type { Transport } from './transport.ts'
export type { WrittenRecord } from './written-record.ts'
