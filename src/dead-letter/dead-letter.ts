/** What becomes of a dead letter; `sql` says what each state means. */
export type DeadLetterState = 'parked' | 'held' | 'released' | 'discarded' | 'sent'

/** A record that could not be delivered, or that waits behind one. */
export interface DeadLetter {
  readonly number: bigint
  /** Who could not deliver it: `relay/orders`, `consumer/inventory`. */
  readonly reader: string
  /** Number of the queue it is in, or was. */
  readonly quarantine: bigint
  readonly eventId: string
  readonly state: DeadLetterState
  readonly topic: string
  readonly key: string | null
  /** Of the error; undefined where it only waits. */
  readonly errorCode: string | undefined
  readonly cause: string | undefined
  /** The same for errors of one kind. */
  readonly fingerprint: string | undefined
  readonly attempts: number
  readonly bytes: number
  readonly edited: boolean
  readonly setAsideAt: Date
  readonly reason: string | undefined
  readonly actor: string | undefined
}

export interface DeadLetterRow {
  readonly number: string
  readonly reader: string
  readonly quarantine: string
  readonly event_id: string
  readonly state: DeadLetterState
  readonly topic: string
  readonly key: Buffer | null
  readonly error_code: string | null
  readonly cause: string | null
  readonly fingerprint: string | null
  readonly attempts: number
  readonly bytes: string
  readonly edited: boolean
  readonly set_aside_at: Date
  readonly reason: string | null
  readonly actor: string | null
}

/** Of `DeadLetterRow`. */
export const deadLetterColumns = `
  number, reader, quarantine, event_id, state, topic, key, error_code, cause, fingerprint, attempts,
  coalesce(length(coalesce(edited, value)), 0) as bytes, edited is not null as edited, set_aside_at, reason, actor`

export const deadLetterOf = (row: DeadLetterRow): DeadLetter => ({
  number: BigInt(row.number),
  reader: row.reader,
  quarantine: BigInt(row.quarantine),
  eventId: row.event_id,
  state: row.state,
  topic: row.topic,
  key: row.key === null ? null : row.key.toString(),
  errorCode: row.error_code ?? undefined,
  cause: row.cause ?? undefined,
  fingerprint: row.fingerprint ?? undefined,
  attempts: row.attempts,
  bytes: Number(row.bytes),
  edited: row.edited,
  setAsideAt: row.set_aside_at,
  reason: row.reason ?? undefined,
  actor: row.actor ?? undefined,
})
