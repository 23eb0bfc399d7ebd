import type { Metadata } from './metadata.ts'
import type { NewEvent } from './new-event.ts'
import { keepPayloadText, payloadText } from './payload-text.ts'

/** The same event, not recorded yet, with more said about where it comes from. What it says itself stays. */
export const withMetadata = <Event extends NewEvent>(event: Event, metadata: Metadata): Event => {
  const known = { ...metadata, ...event.metadata }
  const copy = Object.freeze({ ...event, metadata: Object.freeze(known) })
  keepPayloadText(copy, payloadText(event))
  return copy
}
