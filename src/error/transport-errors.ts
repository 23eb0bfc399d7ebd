import { type ErrorRow, eventsWait } from './error-row.ts'

/** Errors of transports and of the relay. */
export const transportErrors = {
  FENCED: {
    message: '{name} was taken over by another instance',
    delivery:
      'The new owner goes on from the last checkpoint; what this instance had not committed is not visible.',
    fix: 'Nothing: this instance stands by.',
    retryable: true,
  },
  KAFKA_CLIENT_MISSING: {
    message: 'the Kafka client cannot be loaded: {cause}',
    delivery: eventsWait,
    fix: 'Install @confluentinc/kafka-javascript; where its prebuilt binary cannot be fetched, compile it: CKJS_LINKING=dynamic npm rebuild @confluentinc/kafka-javascript (needs libssl-dev, libcurl4-openssl-dev, libzstd-dev, a C++ compiler, make and python3).',
    retryable: false,
  },
  BROKER_UNREACHABLE: {
    message: 'no Kafka broker of {brokers} can be reached: {cause}',
    delivery: eventsWait,
    fix: 'Check that the brokers run and that the addresses they advertise can be reached from here.',
    retryable: true,
  },
  BROKER_AUTHENTICATION: {
    message: 'Kafka at {brokers} refused the credentials: {cause}',
    delivery: eventsWait,
    fix: 'Check mechanism, user name and password of sasl, or the certificate of ssl.',
    retryable: false,
  },
  TOPIC_MISSING: {
    message: 'topic {topic} does not exist',
    delivery: eventsWait,
    fix: 'Create the topic, or let the service create its topics at start (createTopics).',
    retryable: true,
  },
  PUBLISH_REFUSED: {
    message: 'Kafka refused a record for {topic}: {cause}',
    delivery: eventsWait,
    fix: 'See the cause: size limits of the topic, authorisation, or the name of the topic.',
    retryable: false,
  },
  DEAD_LETTER_NOT_PARKED: {
    message: 'there is no parked dead letter {number}',
    delivery: 'Nothing was changed.',
    fix: 'List them (onewrite dead-letters list --all): it may have been released, sent or discarded already.',
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
    delivery: eventsWait,
    fix: 'Correct the headers or the topic; it was not handed to the client.',
    retryable: false,
  },
  ROUTE_WAITS: {
    message: 'route {name} waits at {place}: {cause}',
    delivery:
      'Nothing is skipped: the record and what follows it in its partition wait. Other partitions go on.',
    fix: 'Mend the map, or let it answer undefined for such records; it is asked again with growing pauses.',
    retryable: true,
  },
  CHECKPOINT_UNREADABLE: {
    message: 'the checkpoint of {name} cannot be read: {cause}',
    delivery: eventsWait,
    fix: 'Check the checkpoint topic; the relay does not guess a position.',
    retryable: true,
  },
  CHECKPOINT_AHEAD: {
    message: 'the checkpoint of {name} is {checkpoint}, but the log ends at {end}',
    delivery: 'Nothing is published until this is resolved, so that nothing is skipped.',
    fix: 'The database was restored to an earlier state, or the relay is pointed at another one. Point it at the right database; to publish a log again from its start, give the relay another name.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorRow>
