import { jsonText } from './json-text.ts'
import type { Metadata } from './metadata.ts'
import type { NewEvent } from './new-event.ts'

const texts = new WeakMap<NewEvent, string>()

/** Keeps the text that was checked when the event was made, so that it is the text that is recorded. */
export const keepPayloadText = (event: NewEvent, text: string): void => {
  texts.set(event, text)
}

/**
 * The data of an event as JSON text for jsonb. Events made by a definition were checked against its limit
 * then; others are checked now, against the default.
 *
 * @throws UNSERIALIZABLE_DATA, UNSTORABLE_TEXT, EVENT_TOO_LARGE
 */
export const payloadText = (event: NewEvent): string =>
  texts.get(event) ?? jsonText(event.data, { type: event.type })

/** Metadata is read beside every event, and parts of it become headers. */
const maxMetadataBytes = 16_384

/**
 * Metadata as JSON text for jsonb.
 *
 * @throws UNSERIALIZABLE_DATA, UNSTORABLE_TEXT, EVENT_TOO_LARGE
 */
export const metadataText = (metadata: Metadata, type: string): string =>
  jsonText(metadata, { type: `metadata of ${type}`, maxBytes: maxMetadataBytes })
