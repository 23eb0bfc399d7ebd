import type { ErrorRow } from './error-row.ts'

/** Errors of options, and of starting and stopping. */
export const serviceErrors = {
  INVALID_CONFIG: {
    message: 'invalid configuration: {faults}',
    delivery: 'Nothing was started.',
    fix: 'Correct every option named in the message.',
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
