/**
 * - `message`: what happened; `{name}` is filled from the parameters given when it is thrown
 * - `delivery`: what it means for events already recorded or about to be
 * - `fix`: what to do about it
 * - `retryable`: whether the same call can succeed later without a change by a person
 */
export interface ErrorRow {
  readonly message: string
  readonly delivery: string
  readonly fix: string
  readonly retryable: boolean
}

/** Said of faults found before anything was written. */
export const nothingRecorded = 'Nothing was recorded and nothing is published.'
/** Said of faults on the way out: the log keeps what the transport cannot take. */
export const eventsWait = 'Recorded events wait in the log and leave, in order, once this is resolved.'
