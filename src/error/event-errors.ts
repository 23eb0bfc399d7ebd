import { type ErrorRow, nothingRecorded } from './error-row.ts'

const readingStops = 'Nothing is lost: a reader of the log stops at this event, a consumer parks it.'

/** Errors about definitions of events, their data, and events read back. */
export const eventErrors = {
  INVALID_DEFINITION: {
    message: 'invalid definition of {type}: {faults}',
    delivery: 'Nothing was started.',
    fix: 'Correct every option named in the message.',
    retryable: false,
  },
  DUPLICATE_DEFINITION: {
    message: 'event type {type} is defined twice',
    delivery: 'Nothing was started.',
    fix: 'Define each event once and import it where it is needed.',
    retryable: false,
  },
  INVALID_EVENT: {
    message: 'invalid data for {type}: {faults}',
    delivery: nothingRecorded,
    fix: 'Correct the data, or the schema given to event(); every fault is named with its path.',
    retryable: false,
  },
  ASYNC_SCHEMA: {
    message: 'the schema of {type} validates asynchronously',
    delivery: nothingRecorded,
    fix: 'Use a schema whose validation is synchronous; look things up before the event is made.',
    retryable: false,
  },
  UNSTORABLE_TEXT: {
    message: '{type} holds text that PostgreSQL cannot store as jsonb: {faults}',
    delivery: nothingRecorded,
    fix: 'Remove U+0000 and lone surrogates, or encode the bytes (for example as base64).',
    retryable: false,
  },
  UNSERIALIZABLE_DATA: {
    message: '{type} holds a value that JSON cannot carry: {faults}',
    delivery: nothingRecorded,
    fix: 'Use strings for big integers and decimals, ISO 8601 strings for dates; remove functions, cycles, NaN and Infinity.',
    retryable: false,
  },
  EVENT_TOO_LARGE: {
    message: '{type} is {bytes} bytes as JSON, the limit is {limit}',
    delivery: nothingRecorded,
    fix: 'Store the large part elsewhere and put a reference in the event, or raise maxEventBytes and the limits of the topic.',
    retryable: false,
  },
  UNKNOWN_EVENT_TYPE: {
    message: 'unknown event type {type} (known: {known})',
    delivery: readingStops,
    fix: 'Add the definition of this event to the catalogue, or correct its name.',
    retryable: false,
  },
  UNKNOWN_EVENT_VERSION: {
    message: 'event {type} is stored as version {version}, but this program knows versions up to {latest}',
    delivery: readingStops,
    fix: 'Deploy the program that knows this version before the one that writes it, or add the missing upcaster.',
    retryable: false,
  },
  MISSING_UPCASTER: {
    message:
      'event {type} is stored as version {version}, and no upcaster leads from version {from} on to {latest}',
    delivery: readingStops,
    fix: 'Add an upcaster for version {from} to the definition of {type}.',
    retryable: false,
  },
  INVALID_MESSAGE: {
    message: 'invalid data for {type} in topic {topic}: {faults}',
    delivery: 'A consumer parks the message, or passes over it where its declaration says so.',
    fix: 'Correct the program that writes the topic, or the schema it is read with.',
    retryable: false,
  },
  UNREADABLE_EVENT: {
    message: 'event {id} of type {type} cannot be decoded: {cause}',
    delivery: readingStops,
    fix: 'See the cause: an upcaster that failed, or data that is not what its version promises.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorRow>
