/**
 * The one table of errors. Classes, the type of each error's parameters and `docs/errors.md` all come from here.
 *
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

const safe = 'Nothing was recorded and nothing is published.'
const waits = 'Recorded events wait in the log and leave, in order, once this is resolved.'

export const errorTable = {
  INVALID_CONFIG: {
    message: 'invalid configuration: {faults}',
    delivery: 'Nothing was started.',
    fix: 'Correct every option named in the message.',
    retryable: false,
  },
  INVALID_EVENT: {
    message: 'invalid data for {type}: {faults}',
    delivery: safe,
    fix: 'Correct the data, or the schema given to event(); every fault is named with its path.',
    retryable: false,
  },
  ASYNC_SCHEMA: {
    message: 'the schema of {type} validates asynchronously',
    delivery: safe,
    fix: 'Use a schema whose validation is synchronous; look things up before the event is made.',
    retryable: false,
  },
  UNKNOWN_EVENT_TYPE: {
    message: 'unknown event type {type} (known: {known})',
    delivery: 'Nothing is skipped: reading stops at this event.',
    fix: 'Add the definition of this event to the catalogue, or correct its name.',
    retryable: false,
  },
  UNKNOWN_EVENT_VERSION: {
    message: 'event {type} is stored as version {version}, but this program knows versions up to {latest}',
    delivery: 'Nothing is skipped: reading stops at this event.',
    fix: 'Deploy the program that knows this version before the one that writes it, or add the missing upcaster.',
    retryable: false,
  },
  DUPLICATE_DEFINITION: {
    message: 'event type {type} is defined twice',
    delivery: 'Nothing was started.',
    fix: 'Define each event once and import it where it is needed.',
    retryable: false,
  },
  UNSTORABLE_TEXT: {
    message: '{type} holds text that PostgreSQL cannot store as jsonb: {faults}',
    delivery: safe,
    fix: 'Remove U+0000 and lone surrogates, or encode the bytes (for example as base64).',
    retryable: false,
  },
  UNSERIALIZABLE_DATA: {
    message: '{type} holds a value that JSON cannot carry: {faults}',
    delivery: safe,
    fix: 'Use strings for big integers and decimals, ISO 8601 strings for dates; remove functions, cycles, NaN and Infinity.',
    retryable: false,
  },
  EVENT_TOO_LARGE: {
    message: '{type} is {bytes} bytes as JSON, the limit is {limit}',
    delivery: safe,
    fix: 'Store the large part elsewhere and put a reference in the event, or raise maxEventBytes and the limits of the topic.',
    retryable: false,
  },
  EMPTY_APPEND: {
    message: 'append was called without an event',
    delivery: safe,
    fix: 'Leave the call out where there is nothing to say.',
    retryable: false,
  },
  VERSION_CONFLICT: {
    message: 'stream {stream}: expected {expected}, actual {actual}',
    delivery: 'Nothing was recorded: the transaction is refused as a whole.',
    fix: 'Load the stream again and decide anew; retry the whole unit of work.',
    retryable: true,
  },
  DUPLICATE_EVENT: {
    message: 'an event with this id is already recorded: {id}',
    delivery: 'The first recording stands and is published once.',
    fix: 'In a retry after a lost reply this means success. Otherwise give each event an id of its own.',
    retryable: false,
  },
  WRONG_HANDLE: {
    message: 'append needs a transaction, but was given {given}',
    delivery: safe,
    fix: 'Call append with the tx that transaction() or pgTransaction(client) gives you, so that state and events commit together.',
    retryable: false,
  },
  LOG_IS_APPEND_ONLY: {
    message: 'the log is append-only: {operation} was refused',
    delivery: 'The log is unchanged.',
    fix: 'Record a new event that corrects the old one.',
    retryable: false,
  },
  COMMIT_UNKNOWN: {
    message:
      'the connection was lost while COMMIT was in flight; whether the transaction committed is unknown',
    delivery: 'State and events are either both recorded or both absent.',
    fix: 'Repeat the unit of work with the same event ids; DUPLICATE_EVENT then means that it had committed.',
    retryable: true,
  },
  COMMIT_REFUSED: {
    message: 'PostgreSQL answered COMMIT with {command}: a statement of the transaction had failed',
    delivery: 'Nothing was recorded: the transaction was rolled back.',
    fix: 'Do not swallow errors of statements inside a transaction; use a savepoint where one may fail.',
    retryable: false,
  },
  INVALID_IDENTIFIER: {
    message: '{what} {value} is not a valid name',
    delivery: 'Nothing was started.',
    fix: 'Use 1 to 63 characters: a lower-case letter or underscore, then lower-case letters, digits and underscores.',
    retryable: false,
  },
  DATABASE_UNREACHABLE: {
    message: 'PostgreSQL at {address} cannot be reached: {cause}',
    delivery: waits,
    fix: 'Check that the server runs and that host, port and firewall are right.',
    retryable: true,
  },
  DATABASE_AUTHENTICATION: {
    message: 'PostgreSQL at {address} refused the credentials: {cause}',
    delivery: waits,
    fix: 'Check user, password and database name, and pg_hba.conf.',
    retryable: false,
  },
  DATABASE_IS_REPLICA: {
    message: 'PostgreSQL at {address} is a replica',
    delivery: waits,
    fix: 'Connect to the primary: on a replica the order of the log cannot be known.',
    retryable: true,
  },
  SCHEMA_MISSING: {
    message: 'schema {schema} holds no onewrite log',
    delivery: safe,
    fix: 'Run migrate() (or let the service migrate at start), and check the configured schema name.',
    retryable: false,
  },
  SCHEMA_TOO_NEW: {
    message: 'schema {schema} has version {found}, this program knows versions up to {known}',
    delivery: waits,
    fix: 'Deploy the version of onewrite that installed this schema, or a later one.',
    retryable: false,
  },
  SCHEMA_TOO_OLD: {
    message: 'schema {schema} has version {found}, this program needs {known}',
    delivery: waits,
    fix: 'Run migrate() with a role that may create tables.',
    retryable: false,
  },
  PERMISSION_DENIED: {
    message: 'the role of this connection may not {operation}: {cause}',
    delivery: waits,
    fix: 'Grant what docs/roles.md lists for this role.',
    retryable: false,
  },
  EMBEDDED_UNAVAILABLE: {
    message: 'embedded PostgreSQL cannot be started: {cause}',
    delivery: 'Nothing was started.',
    fix: '{fix}',
    retryable: false,
  },
  FENCED: {
    message: '{name} was taken over by another instance',
    delivery:
      'The new owner goes on from the last checkpoint; what this instance had not committed is not visible.',
    fix: 'Nothing: this instance stands by.',
    retryable: true,
  },
  KAFKA_CLIENT_MISSING: {
    message: 'the Kafka client cannot be loaded: {cause}',
    delivery: waits,
    fix: 'Install @confluentinc/kafka-javascript; where its prebuilt binary cannot be fetched, compile it: CKJS_LINKING=dynamic npm rebuild @confluentinc/kafka-javascript (needs libssl-dev, libcurl4-openssl-dev, libzstd-dev, a C++ compiler, make and python3).',
    retryable: false,
  },
  BROKER_UNREACHABLE: {
    message: 'no Kafka broker of {brokers} can be reached: {cause}',
    delivery: waits,
    fix: 'Check that the brokers run and that the addresses they advertise can be reached from here.',
    retryable: true,
  },
  TOPIC_MISSING: {
    message: 'topic {topic} does not exist',
    delivery: waits,
    fix: 'Create the topic, or let the service create its topics at start (createTopics).',
    retryable: true,
  },
  PUBLISH_REFUSED: {
    message: 'Kafka refused a record for {topic}: {cause}',
    delivery: waits,
    fix: 'See the cause: size limits of the topic, authorisation, or the name of the topic.',
    retryable: false,
  },
  PUBLISH_UNKNOWN: {
    message: 'publishing did not come to a definite end: {cause}',
    delivery:
      'The transaction is abandoned and its producer thrown away; a new one goes on from the checkpoint that Kafka holds.',
    fix: 'Nothing, while it does not repeat; otherwise see the health of the brokers.',
    retryable: true,
  },
  INVALID_RECORD: {
    message: 'a record for {topic} cannot be sent: {faults}',
    delivery: waits,
    fix: 'Correct the headers or the topic; it was not handed to the client.',
    retryable: false,
  },
  CHECKPOINT_UNREADABLE: {
    message: 'the checkpoint of {name} cannot be read: {cause}',
    delivery: waits,
    fix: 'Check the checkpoint topic; the relay does not guess a position.',
    retryable: true,
  },
  CHECKPOINT_AHEAD: {
    message: 'the checkpoint of {name} is {checkpoint}, but the log ends at {end}',
    delivery: 'Nothing is published until this is resolved, so that nothing is skipped.',
    fix: 'The database was restored to an earlier state, or the relay is pointed at another one. Reset the checkpoint knowingly.',
    retryable: false,
  },
  PORT_IN_USE: {
    message: 'port {port} on {host} is in use',
    delivery: 'Nothing was started.',
    fix: 'Stop the other program, or choose another port.',
    retryable: false,
  },
  DRAIN_TIMEOUT: {
    message: '{name} did not drain within {milliseconds} ms and was stopped',
    delivery: 'What was not committed is taken up again at the next start.',
    fix: 'Allow a longer drain, or look at what it waited for.',
    retryable: true,
  },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorTable
