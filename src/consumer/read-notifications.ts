import { shortId } from '../dead-letter/queue.ts'
import type { Database, Transaction } from '../postgres/database.ts'
import { quoteIdentifier } from '../postgres/identifier.ts'
import type { NotificationStatus } from './notifications.ts'

/** What became of an event at a consumer. */
export interface Notification {
  /** Name of the consumer. */
  readonly consumer: string
  readonly eventId: string
  readonly status: NotificationStatus
  readonly attempts: number
  readonly errorCode: string | undefined
  /** Of the failure, or the reason for which it was skipped. */
  readonly cause: string | undefined
  readonly eventType: string | undefined
  readonly topic: string
  /** -1 where it is not known. */
  readonly partition: number
  /** Offset, where it was read. */
  readonly position: bigint
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** Which notifications are meant: all that fit every condition given. */
export interface NotificationFilter {
  readonly consumer?: string
  readonly eventId?: string
  readonly statuses?: readonly NotificationStatus[]
  readonly topic?: string
  /** Default 100. */
  readonly limit?: number
}

interface NotificationRow {
  readonly consumer: string
  readonly event_id: string
  readonly status: NotificationStatus
  readonly attempts: number
  readonly error_code: string | null
  readonly cause: string | null
  readonly event_type: string | null
  readonly topic: string
  readonly partition: number
  readonly position: string
  readonly created_at: Date
  readonly updated_at: Date
}

const readSql = (schema: string): string => {
  const quoted = quoteIdentifier('schema', schema)
  return `
  select c.name as consumer, n.event_id, n.status, n.attempts, n.error_code, n.cause, n.event_type, n.topic,
    n.partition, n.position, n.created_at, n.updated_at
  from ${quoted}.notifications n join ${quoted}.consumers c on c.id = n.consumer
  where ($1::text is null or c.name = $1) and ($2::text is null or n.event_id = $2)
    and ($3::text[] is null or n.status = any($3)) and ($4::text is null or n.topic = $4)
  order by n.updated_at desc, n.event_id limit $5`
}

const notificationOf = (row: NotificationRow): Notification => ({
  consumer: row.consumer,
  eventId: row.event_id,
  status: row.status,
  attempts: row.attempts,
  errorCode: row.error_code ?? undefined,
  cause: row.cause ?? undefined,
  eventType: row.event_type ?? undefined,
  topic: row.topic,
  partition: row.partition,
  position: BigInt(row.position),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

/** The latest first. */
export const readNotifications = async (
  database: Database | Transaction,
  { consumer, eventId, statuses, topic, limit = 100 }: NotificationFilter = {},
): Promise<readonly Notification[]> => {
  const id = eventId === undefined ? null : shortId(eventId)
  const values = [consumer ?? null, id, statuses ?? null, topic ?? null, limit]
  const { rows } = await database.query<NotificationRow>(readSql(database.schema), values)
  return rows.map(notificationOf)
}
