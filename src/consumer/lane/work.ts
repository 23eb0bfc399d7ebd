import { isOnewriteError } from '../../error/onewrite-error.ts'
import { pause } from '../../lifecycle/pause.ts'
import { exponential } from '../../retry/backoff.ts'
import type { Context } from '../context.ts'
import { attempt } from './attempt.ts'
import { type BatchSize, batchSize } from './batch-size.ts'
import { HandlerFailed, isNobodysFault, OwnFailure, TookTooLong } from './failure.ts'
import type { Lanes, Unit } from './lanes.ts'
import { forget, runAlone, settle } from './run-alone.ts'

/** Works on what the lanes hold. */
export interface Worker {
  /** There may be something to do. */
  kick(): void
  /** Begins nothing more and resolves once nothing is under way. */
  stop(): Promise<void>
}

export interface WorkOptions {
  readonly context: Context
  readonly lanes: Lanes
  /** Events in transactions of their own at once; each takes a connection. */
  readonly connections: number
  /** Told of what nothing here can mend. */
  fail(error: unknown): void
}

interface Work extends WorkOptions {
  readonly size: BatchSize
  readonly stopping: AbortController
  readonly running: Set<Promise<void>>
  /** A transaction over many lanes is under way. */
  together: boolean
  /** Transactions of single events under way. */
  alone: number
  /** In a row. */
  outages: number
  /** Transactions over many lanes in which a handler failed, in a row. */
  failures: number
}

/** Milliseconds after which a transaction over many keys is given up: a slow handler must not hold up the others. */
const longest = 2_000
/** So often only the lane that failed is taken out; then each event gets a transaction of its own. */
const mostFailures = 2

const backoff = exponential('100ms', { max: '5s' })

const underneath = (error: unknown): unknown => (error instanceof OwnFailure ? error.cause : error)

/** Whether those partitions are gone that a fenced transaction was about; if none is, all has to begin anew. */
const drop = (units: readonly Unit[]): boolean => {
  const partitions = new Set(units.flatMap(({ entries }) => entries.map(({ partition }) => partition)))
  const lost = [...partitions].filter(({ assignment }) => assignment.lost.aborted)
  for (const partition of lost) partition.open = false
  return lost.length > 0
}

/** Nobody's fault: the lanes stay as they were, and are tried again when it may be over. */
const waitOut = async (work: Work, units: readonly Unit[], error: unknown): Promise<void> => {
  const reason = underneath(error)
  const known = isNobodysFault(error) && !isOnewriteError(reason, 'FENCED')
  if (!known && !drop(units)) work.fail(reason)
  work.outages += 1
  work.context.watch.outage('work', reason)
  await pause(backoff(work.outages), work.stopping.signal)
}

const runOne = async (work: Work, unit: Unit): Promise<void> => {
  const { context, lanes } = work
  try {
    lanes.release(unit, await runAlone(context, unit))
    work.outages = 0
  } catch (error) {
    await waitOut(work, [unit], error)
    lanes.release(unit, { dealt: 0, alone: true })
  }
}

/**
 * Takes apart what failed together. The lane whose handler failed goes on alone, and the others together without it:
 * one aggregate's failure never touches another. Where that goes on failing, or takes too long, each event goes alone.
 */
const takeApart = (work: Work, units: readonly Unit[], error: unknown): void => {
  if (error instanceof TookTooLong) work.size.tookTooLong()
  work.failures += 1
  const one = error instanceof HandlerFailed && work.failures <= mostFailures ? error.entry : undefined
  for (const unit of units) {
    const alone = one === undefined || unit.entries.includes(one) || work.context.stragglers.has(unit.lane)
    work.lanes.release(unit, { dealt: 0, alone })
  }
}

const runTogether = async (work: Work, units: readonly Unit[]): Promise<void> => {
  const { context, lanes, size } = work
  const begun = performance.now()
  try {
    settle(context, await attempt(context, units, { within: longest }))
    size.took(performance.now() - begun)
    work.outages = 0
    work.failures = 0
    await forget(context, units)
    for (const unit of units) lanes.release(unit, { dealt: unit.entries.length })
  } catch (error) {
    if (!isNobodysFault(error)) return takeApart(work, units, error)
    await waitOut(work, units, error)
    for (const unit of units) lanes.release(unit, { dealt: 0 })
  }
}

const track = (work: Work, running: Promise<void>, ended: () => void): void => {
  const tracked = running.catch(work.fail).finally(() => {
    work.running.delete(tracked)
    ended()
    kick(work)
  })
  work.running.add(tracked)
}

const takeAlone = (work: Work, each: boolean): void => {
  const most = Math.min(work.connections, work.context.consumer.plan.concurrency)
  while (work.alone < most) {
    const unit = work.lanes.takeAlone(each)
    if (unit === undefined) return
    work.alone += 1
    track(work, runOne(work, unit), () => {
      work.alone -= 1
    })
  }
}

const kick = (work: Work): void => {
  if (work.stopping.signal.aborted) return
  const each = work.context.consumer.plan.transaction === 'each' || work.size.apart
  takeAlone(work, each)
  if (each || work.together) return
  const units = work.lanes.takeTogether(work.size.most)
  if (units.length === 0) return
  work.together = true
  track(work, runTogether(work, units), () => {
    work.together = false
  })
}

/** Takes what is ready, many lanes in one transaction, and each event alone where that fails. */
export const startWorker = (options: WorkOptions): Worker => {
  const work: Work = {
    ...options,
    size: batchSize(options.context.consumer.plan),
    stopping: new AbortController(),
    running: new Set(),
    together: false,
    alone: 0,
    outages: 0,
    failures: 0,
  }
  return {
    kick: () => kick(work),
    stop: async () => {
      work.stopping.abort()
      while (work.running.size > 0) await Promise.all(work.running)
    },
  }
}
