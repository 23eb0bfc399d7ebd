export { type Consumer, consumer } from './consumer/consumer.ts'
export type { ConsumerOptions, RetryOptions } from './consumer/consumer-options.ts'
export type { AnyHandler, Handled, Handler, Handling } from './consumer/handler.ts'
export type { FirstFilter } from './consumer/inbox/first-filter.ts'
export { cloudEvents, type Decoding, type DecodingOptions, json } from './consumer/message/decoding.ts'
export {
  type TopicMessage,
  type TopicMessageOptions,
  topicMessage,
} from './consumer/message/topic-message.ts'
export { on } from './consumer/on.ts'
export { deadLetter, type Outcome, retry, skip } from './consumer/outcome.ts'
export {
  CommitUnknownError,
  DuplicateEventError,
  EventTooLargeError,
  InvalidEventError,
  TransactionLostError,
  VersionConflictError,
  WrongHandleError,
} from './error/classes.ts'
export { isOnewriteError, OnewriteError } from './error/onewrite-error.ts'
export { type ErrorCode, errorTable } from './error/table.ts'
export type { Health, HealthState } from './lifecycle/health.ts'
export type { Logger } from './lifecycle/logger.ts'
export { type Appended, type AppendOptions, append } from './log/append.ts'
export type { ExpectedVersion, StreamExpectation } from './log/expected-version.ts'
export { keptFrom } from './log/kept-from.ts'
export { createPartitions, type PartitionReport } from './log/partitions.ts'
export { type ReadAllOptions, readAll } from './log/read-all.ts'
export { type ReadStreamOptions, readStream, type StreamName, streamVersion } from './log/read-stream.ts'
export { type RecordOptions, record } from './log/record.ts'
export {
  type Obstacle,
  type PartitionPlan,
  planRetention,
  type RetentionOptions,
  type RetentionPlan,
} from './log/retention.ts'
export { type ApplyOptions, applyRetention, type RetentionReport } from './log/retention-drop.ts'
export { type Catalogue, catalogue } from './message/catalogue.ts'
export type {
  ConsumedEvent,
  ConsumedEventOf,
  ConsumedMessage,
} from './message/consumed-event.ts'
export type { Definition, EventOf, NewEventOf } from './message/definition.ts'
export { type CommandDefinition, command, type EventDefinition, event } from './message/event.ts'
export { lastHeader } from './message/header-list.ts'
export type { Metadata } from './message/metadata.ts'
export type { NewEvent } from './message/new-event.ts'
export { newId } from './message/new-id.ts'
export type { HeaderList, HeaderRecord, OutgoingRecord } from './message/outgoing-record.ts'
export type { RecordedEvent } from './message/recorded-event.ts'
export { type TopicStrategy, topics } from './message/topic.ts'
export type { Database, Queryable, Transaction } from './postgres/database.ts'
export { type Embedded, type EmbeddedOptions, embedded } from './postgres/embedded.ts'
export { pgTransaction } from './postgres/pg-transaction.ts'
export type { Delivery } from './relay/open-sink.ts'
export { type Backoff, type ExponentialOptions, exponential } from './retry/backoff.ts'
export type { Duration } from './retry/duration.ts'
export type { Retention } from './service/retention-option.ts'
export { type RunningService, type Service, type ServiceHealth, service } from './service/service.ts'
export type { ServiceOptions } from './service/service-options.ts'
export { type PostgresOptions, postgres } from './transport/postgres.ts'
export type { Transport } from './transport/transport.ts'
