import { OnewriteError } from '../../error/onewrite-error.ts'
import { pause } from '../../lifecycle/pause.ts'
import type { Context } from '../context.ts'
import type { Dealt, Entry } from '../partition/in-hand.ts'
import { park } from '../quarantine/park.ts'
import { forgetRetries, saveRetry } from '../retries.ts'
import { attempt } from './attempt.ts'
import { decide, waitOf } from './decide.ts'
import { type Failure, failureOf, HandlerFailed, isCollision, isNobodysFault, own } from './failure.ts'
import type { Release, Unit } from './lanes.ts'

/** Marks what is dealt with; only then may the checkpoint pass it. */
export const settle = (context: Context, dealt: readonly Dealt[]): void => {
  for (const { entry } of dealt) entry.partition.prefix.settle(entry.offset)
  context.watch.dealt(dealt)
  const { firstFilter } = context
  if (firstFilter !== undefined) firstFilter.remember(dealt.map(({ entry }) => entry.received.id))
}

/** What failed before is dealt with now. Where the process ends before this, the row is swept later. */
export const forget = async (context: Context, units: readonly Unit[]): Promise<void> => {
  const { database, id, retries, logger } = context
  if (retries.size === 0) return
  const ids = units.flatMap(({ entries }) => entries.map(({ received }) => received.id))
  const tried = ids.filter((one) => retries.delete(one))
  if (tried.length === 0) return
  await database
    .transaction((tx) => forgetRetries(tx, id, tried))
    .catch((error: unknown) => logger.warn({ error: String(error) }, 'retries could not be forgotten'))
}

/** Tries an event that failed by itself again later, or gives it up. */
const judge = async (context: Context, entry: Entry, failure: Failure): Promise<Release> => {
  const { consumer, id, database, retries } = context
  const { plan, name } = consumer
  const eventId = entry.received.id
  const delay = waitOf(plan, failure, (retries.get(eventId)?.attempts ?? 0) + 1)
  const made = await own(saveRetry(database, id, { id: eventId, delay, cause: failure.cause }))
  retries.set(eventId, made)
  const decision = decide(plan, failure, made, Date.now())
  if (decision.next === 'again') {
    context.watch.retrying(entry, failure, made)
    return { dealt: 0, wait: Math.max(1, decision.wait), alone: true }
  }
  if (plan.onFailure === 'stop') {
    const { message } = failure.cause
    context.watch.stopped(entry, failure.cause)
    throw new OnewriteError('CONSUMER_STOPPED', { name, id: eventId, cause: message })
  }
  await park(context, entry, failure, made.attempts)
  entry.partition.prefix.settle(entry.offset)
  return { dealt: 1 }
}

const mostCollisions = 5
/** Milliseconds; jittered, so that the two do not meet again. */
const collisionPause = 20

const failed = async (context: Context, unit: Unit, entry: Entry, error: unknown): Promise<Release> => {
  const { collisions } = context
  const met = (collisions.get(unit.lane) ?? 0) + 1
  if (isCollision(error instanceof HandlerFailed ? error.cause : error) && met <= mostCollisions) {
    collisions.set(unit.lane, met)
    return { dealt: 0, wait: 1 + Math.random() * collisionPause * met, alone: true }
  }
  collisions.delete(unit.lane)
  return judge(context, entry, error instanceof HandlerFailed ? error.failure : failureOf(error))
}

/**
 * A handler that was given up and goes on all the same may still be doing what cannot be rolled back. Not waited for
 * inside a transaction, and no longer than a handler may take: one that never ends must not block its key for ever.
 */
const straggler = async ({ consumer, stragglers }: Context, { lane }: Unit): Promise<void> => {
  const before = stragglers.get(lane)
  if (before === undefined) return
  const over = new AbortController()
  await Promise.race([before, pause(consumer.plan.timeout, over.signal)])
  over.abort()
}

/**
 * The first event of a lane, in a transaction of its own.
 *
 * @throws OwnFailure and other faults that are nobody's, CONSUMER_STOPPED; the lane is then as it was
 */
export const runAlone = async (context: Context, unit: Unit): Promise<Release> => {
  const [entry] = unit.entries
  // Given away while it waited for its turn.
  if (entry === undefined || !entry.partition.open) return { dealt: 0 }
  await straggler(context, unit)
  try {
    settle(context, await attempt(context, [unit]))
    await forget(context, [unit])
    return { dealt: 1 }
  } catch (error) {
    if (isNobodysFault(error)) throw error
    return failed(context, unit, entry, error)
  }
}
