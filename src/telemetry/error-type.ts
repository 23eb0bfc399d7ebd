import { isOnewriteError } from '../error/onewrite-error.ts'

/** A value of few variants for `error.type`: a code where there is one, else the class. Never the message. */
export const errorType = (error: unknown): string => {
  if (isOnewriteError(error)) return error.code
  if (!(error instanceof Error)) return '_OTHER'
  if ('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')) {
    return String(error.code).slice(0, 64)
  }
  return error.name
}
