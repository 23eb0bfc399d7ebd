import { pause } from '../lifecycle/pause.ts'
import type { Callback, ClientError } from './client.ts'

/** The client's own code for a call that did not end in time. */
const timedOut = -185

export class ClientCallError extends Error implements ClientError {
  override readonly name = 'ClientCallError'
  readonly code: number
  readonly isFatal: boolean
  readonly isRetriable: boolean

  constructor({ code, message, isFatal, isRetriable }: ClientError) {
    super(message)
    this.code = code
    this.isFatal = isFatal === true
    this.isRetriable = isRetriable === true
  }
}

const isClientError = (value: unknown): value is ClientError =>
  value instanceof Error && 'code' in value && typeof value.code === 'number'

/** What was thrown or handed to a callback, with a code in any case. */
export const clientError = (error: unknown): ClientError => {
  if (isClientError(error)) return error
  return new ClientCallError({ code: -1, message: error instanceof Error ? error.message : String(error) })
}

const lateError = (what: string, milliseconds: number): ClientCallError =>
  new ClientCallError({ code: timedOut, message: `${what} did not end within ${milliseconds} ms` })

/** Calls of one native handle. */
export interface Calls {
  /**
   * Turns a callback into a promise that always settles: the client's own timeouts are not relied on.
   *
   * @throws ClientCallError
   */
  call<Result>(
    what: string,
    milliseconds: number,
    start: (callback: Callback<Result>) => unknown,
  ): Promise<Result>
  /**
   * Resolves with true once no call is under way natively, with false when one is still so after the time given.
   * The native part frees its memory on disconnect without looking for calls under way, which would end the process.
   */
  settled(milliseconds: number): Promise<boolean>
}

export const clientCalls = (): Calls => {
  const underWay = new Set<Promise<void>>()

  const call: Calls['call'] = (what, milliseconds, start) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(lateError(what, milliseconds)), milliseconds)
      let returned: () => void = () => undefined
      const native = new Promise<void>((end) => {
        returned = end
      })
      underWay.add(native)
      const settle = (act: () => void): void => {
        clearTimeout(timer)
        underWay.delete(native)
        returned()
        act()
      }
      try {
        start((error, result) =>
          settle(() => (error ? reject(new ClientCallError(clientError(error))) : resolve(result))),
        )
      } catch (error) {
        settle(() => reject(new ClientCallError(clientError(error))))
      }
    })

  const settled: Calls['settled'] = async (milliseconds) => {
    const giveUp = new AbortController()
    const late = pause(milliseconds, giveUp.signal).then(() => false)
    const all = Promise.all(underWay).then(() => true)
    return Promise.race([all, late]).finally(() => giveUp.abort())
  }

  return { call, settled }
}

/** Longest native wait of a call that is repeated, so that whoever closes does not wait longer. */
const slice = 2_000
const pauseBetween = 20

/**
 * Repeats a call while the client says that it can be, up to a deadline; `attempt` gets the milliseconds it may take.
 *
 * @throws ClientCallError the last one
 */
export const whileRetriable = async <Result>(
  milliseconds: number,
  attempt: (atMost: number) => Promise<Result>,
): Promise<Result> => {
  const deadline = performance.now() + milliseconds
  for (;;) {
    const remaining = Math.ceil(deadline - performance.now())
    try {
      return await attempt(Math.max(1, Math.min(slice, remaining)))
    } catch (error) {
      const { isRetriable, isFatal } = clientError(error)
      if (isRetriable !== true || isFatal === true || performance.now() >= deadline) throw error
      await pause(pauseBetween)
    }
  }
}
