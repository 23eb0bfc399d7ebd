import type { Cause } from '../../dead-letter/set-aside.ts'
import { isOnewriteError } from '../../error/onewrite-error.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import { recordId } from '../../message/record-id.ts'
import { type Refused, type RefusedRecord, refusedBy } from '../../transport/refused.ts'

/** A record that was refused and will be read again: it is set aside once it comes by. */
export interface Suspect {
  readonly record: RefusedRecord
  readonly scope: Refused['scope']
  readonly cause: Cause
}

/**
 * What one relay remembers of refusals from one leadership to the next, until the refused records have come by again.
 * What is forgotten in between is refused again.
 */
export interface Refusals {
  readonly suspects: Suspect[]
  /** While the clock is before this, records are sent apart: a whole batch was refused, and one in it is at fault. */
  apartUntil: number
}

export const refusals = (): Refusals => ({ suspects: [], apartUntil: 0 })

/** Long enough to find who is at fault among what is in flight; sending apart costs throughput. */
const apartFor = 60_000

const bytesOf = (value: string | Buffer | null): Buffer | null => (value === null ? null : Buffer.from(value))

const isSame = (one: string | Buffer | null, other: string | Buffer | null): boolean => {
  if (one === null || other === null || typeof one === typeof other) {
    return Buffer.isBuffer(one) && Buffer.isBuffer(other) ? one.equals(other) : one === other
  }
  return bytesOf(one)?.equals(bytesOf(other) ?? Buffer.alloc(0)) === true
}

/** Whether a refused record may be this one. */
export const isRefused = (refused: RefusedRecord, record: OutgoingRecord): boolean => {
  if (refused.topic !== record.topic || !isSame(refused.key, record.key)) return false
  if (refused.id !== undefined) return refused.id === recordId(record)
  return refused.value === undefined || isSame(refused.value, record.value)
}

export const causeOf = (error: unknown): Cause => ({
  code: isOnewriteError(error) ? error.code : 'PUBLISH_REFUSED',
  message: isOnewriteError(error)
    ? String(Reflect.get(error.parameters, 'cause') ?? error.message)
    : String(error),
})

/** What an error says of refused records for certain. Where it does not know, records are sent apart for a while. */
export const remember = (known: Refusals, error: unknown): Refused | undefined => {
  const refused = refusedBy(error)
  if (refused === undefined || refused.records.length === 0) return undefined
  if (!refused.exact) {
    known.apartUntil = Date.now() + apartFor
    return undefined
  }
  return refused
}

/** What was refused lies behind the checkpoint and will be read again: the next leadership looks out for it. */
export const suspect = ({ suspects }: Refusals, { scope, records }: Refused, error: unknown): void => {
  const cause = causeOf(error)
  for (const record of records) {
    const isKnown = suspects.some(
      (other) =>
        other.record.topic === record.topic &&
        (scope === 'topic'
          ? other.scope === scope
          : record.id !== undefined && other.record.id === record.id),
    )
    if (!isKnown) suspects.push({ record, scope, cause })
  }
}
