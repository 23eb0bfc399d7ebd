import { OnewriteError } from '../error/onewrite-error.ts'
import { pause } from './pause.ts'

/**
 * Settles as `work` does, but no later than so many milliseconds from now; the work is then on its own.
 *
 * @throws DRAIN_TIMEOUT
 */
export const withDeadline = async <T>(name: string, work: Promise<T>, milliseconds: number): Promise<T> => {
  const deadline = new AbortController()
  const late = pause(milliseconds, deadline.signal).then(() => {
    throw new OnewriteError('DRAIN_TIMEOUT', { name, milliseconds })
  })
  // Rejects too when it is called off, after the race is over.
  late.catch(() => undefined)
  return await Promise.race([work, late]).finally(() => deadline.abort())
}
