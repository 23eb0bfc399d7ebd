import { consumerErrors } from './consumer-errors.ts'
import { databaseErrors } from './database-errors.ts'
import type { ErrorRow } from './error-row.ts'
import { eventErrors } from './event-errors.ts'
import { logErrors } from './log-errors.ts'
import { operatorErrors } from './operator-errors.ts'
import { serviceErrors } from './service-errors.ts'
import { transportErrors } from './transport-errors.ts'
import { walErrors } from './wal-errors.ts'

/**
 * The one table of errors: `docs/errors.md`, the classes in `classes.ts` and the type of each error's
 * parameters come from here. A new error is a new row in the part it belongs to, then `npm run docs`.
 */
export const errorTable = {
  ...eventErrors,
  ...logErrors,
  ...databaseErrors,
  ...transportErrors,
  ...walErrors,
  ...consumerErrors,
  ...serviceErrors,
  ...operatorErrors,
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorTable
