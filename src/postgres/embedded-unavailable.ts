import { OnewriteError } from '../error/onewrite-error.ts'

export const unavailable = (cause: string, fix: string, error?: unknown): OnewriteError =>
  new OnewriteError('EMBEDDED_UNAVAILABLE', { cause, fix }, { cause: error })
