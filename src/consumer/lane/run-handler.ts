import { OnewriteError } from '../../error/onewrite-error.ts'
import { failpoint } from '../../lifecycle/failpoint.ts'
import type { ConsumedEvent } from '../../message/consumed-event.ts'
import type { NewEvent } from '../../message/new-event.ts'
import { withMetadata } from '../../message/with-metadata.ts'
import type { Transaction } from '../../postgres/database.ts'
import type { DeliveredRecord } from '../../transport/subscriber.ts'
import type { AnyHandler } from '../handler.ts'

export interface HandlerCall {
  readonly handler: AnyHandler
  readonly event: ConsumedEvent
  readonly record: DeliveredRecord
  readonly tx: Transaction
  readonly attempt: number
  /** Milliseconds. */
  readonly timeout: number
  /** Aborted where the transaction is given up for another reason. */
  readonly signal: AbortSignal
  /** Told of a handler that goes on although it was given up. */
  straggling(handled: Promise<unknown>): void
}

/** What a handler answered, checked: anything else is a mistake in it. */
export type Answer =
  | { readonly answer: 'done'; readonly events: readonly NewEvent[] }
  | { readonly answer: 'skip'; readonly reason: string }
  | { readonly answer: 'dead-letter'; readonly reason: string }
  | { readonly answer: 'retry'; readonly after: number }

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const isEvents = (value: unknown): value is readonly NewEvent[] =>
  Array.isArray(value) && value.every((event) => isObject(event) && 'type' in event && 'aggregateId' in event)

const meaning = (type: string, given: unknown): Answer => {
  if (given === undefined) return { answer: 'done', events: [] }
  if (isObject(given)) {
    const outcome: unknown = Reflect.get(given, 'outcome')
    const reason = String(Reflect.get(given, 'reason'))
    if (outcome === 'skip') return { answer: 'skip', reason }
    if (outcome === 'dead-letter') return { answer: 'dead-letter', reason }
    if (outcome === 'retry') return { answer: 'retry', after: Number(Reflect.get(given, 'after')) }
    const events: unknown = Reflect.get(given, 'events')
    if (isEvents(events)) return { answer: 'done', events }
  }
  throw new OnewriteError('HANDLER_ANSWER', { type, given: isObject(given) ? 'an object' : String(given) })
}

/** What an emitted event says of where it comes from, unless it says so itself. */
const lineage = ({ id, metadata }: ConsumedEvent) => ({
  correlationId: metadata.correlationId ?? id,
  causationId: id,
  ...(metadata.traceparent === undefined ? {} : { traceparent: metadata.traceparent }),
  ...(metadata.tenant === undefined ? {} : { tenant: metadata.tenant }),
})

/** Settles with the handler, or rejects once its time is over or the transaction was given up. */
const inTime = async (call: HandlerCall): Promise<unknown> => {
  const { handler, event, record, tx, attempt, timeout, signal } = call
  signal.throwIfAborted()
  // Not AbortSignal.any: in Node 20 what it makes is kept for ever once it has a listener, with all that the listener
  // holds. Measured: 7 KiB for each event.
  const given = new AbortController()
  const giveUp = (): void => given.abort(signal.reason)
  signal.addEventListener('abort', giveUp, { once: true })
  const timer = setTimeout(() => {
    given.abort(new OnewriteError('HANDLER_TIMEOUT', { type: event.type, milliseconds: timeout }))
  }, timeout)
  const ended = new Promise<never>((_, reject) => {
    given.signal.addEventListener('abort', () => reject(given.signal.reason), { once: true })
  })
  // A handler that is not async throws at once.
  const handled = Promise.resolve().then(() =>
    handler.handle({ event, tx, attempt, record, signal: given.signal }),
  )
  let returned = false
  const over = handled.finally(() => {
    returned = true
  })
  try {
    return await Promise.race([over, ended])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
    if (!returned) call.straggling(handled)
  }
}

/**
 * Runs a handler once.
 *
 * @throws what it throws, HANDLER_TIMEOUT, HANDLER_ANSWER, the reason of the signal
 */
export const runHandler = async (call: HandlerCall): Promise<Answer> => {
  const answer = meaning(call.event.type, await inTime(call))
  failpoint('consumer.handled')
  if (answer.answer !== 'done') return answer
  const known = lineage(call.event)
  return { ...answer, events: answer.events.map((event) => withMetadata(event, known)) }
}
