import type { ErrorRow } from './error-row.ts'

const tried =
  'Everything the handler wrote is rolled back; the event is tried again as `retry` says, then parked.'

/** Errors of consumers. */
export const consumerErrors = {
  HANDLER_TIMEOUT: {
    message: 'the handler of {type} did not end within {milliseconds} ms',
    delivery: tried,
    fix: 'Pass the signal on to what the handler waits for, or allow more time (timeout of the consumer).',
    retryable: true,
  },
  HANDLER_ANSWER: {
    message: 'the handler of {type} answered {given}',
    delivery: 'Everything the handler wrote is rolled back; the event is parked.',
    fix: 'Return nothing, an object with events, or the result of retry(), skip() or deadLetter().',
    retryable: false,
  },
  HANDLER_REFUSED: {
    message: 'the handler of {type} refused the event: {reason}',
    delivery: 'Everything the handler wrote is rolled back; the event is parked.',
    fix: 'Look at the event, mend what it met, and redrive it; or discard it with a reason.',
    retryable: false,
  },
  CONSUMER_STALLED: {
    message: 'consumer {name} made no progress for {seconds} s while its lag grew',
    delivery:
      'It is restarted and goes on from what it had settled; the inbox knows what it had handled beyond.',
    fix: 'Nothing if it stays rare; otherwise look at the log of the transport before it.',
    retryable: true,
  },
  SUBSCRIPTION_ENDED: {
    message: 'the subscription of consumer {name} ended by itself',
    delivery: 'It subscribes again and goes on from what it had settled.',
    fix: 'Look at the log of the transport before it.',
    retryable: true,
  },
  RETENTION_MISMATCH: {
    message: 'consumer {name} does not start: {faults}',
    delivery: 'Nothing was read, and nothing is lost by it.',
    fix: 'Set inbox.window to what the topics keep at least, and keep topics for longer than an event is retried.',
    retryable: false,
  },
  CONSUMER_STOPPED: {
    message: 'consumer {name} stopped before event {id}: {cause}',
    delivery: 'Nothing is skipped: the event and what follows it wait.',
    fix: 'Mend the cause and start the service again; onFailure: quarantine would hold back only its key.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorRow>
