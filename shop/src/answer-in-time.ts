import { setTimeout } from 'node:timers/promises'

/** The work goes on; only its client is not kept waiting any longer. */
export class AnswerTimeout extends Error {
  override readonly name = 'AnswerTimeout'
  readonly statusCode = 503

  constructor(milliseconds: number) {
    super(`not answered within ${milliseconds} ms`)
  }
}

/**
 * `handlerTimeout` of Fastify ends with the request: 5.12.8 takes the `close` of the request for that of
 * the connection, so a POST would wait for ever.
 *
 * @throws AnswerTimeout
 */
export const answerInTime = async <T>(work: Promise<T>, milliseconds: number): Promise<T> => {
  const timer = new AbortController()
  const late = setTimeout(milliseconds, undefined, { signal: timer.signal }).then(() => {
    throw new AnswerTimeout(milliseconds)
  })
  return Promise.race([work, late]).finally(() => timer.abort())
}
