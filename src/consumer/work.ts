import { isOnewriteError } from '../error/onewrite-error.ts'
import { pause } from '../lifecycle/pause.ts'
import { exponential } from '../retry/backoff.ts'
import { attempt } from './attempt.ts'
import { batchSize } from './batch-size.ts'
import type { Context } from './context.ts'
import { isNobodysFault, OwnFailure, TookTooLong } from './failure.ts'
import type { Lanes, Unit } from './lanes.ts'
import { forget, runLane, settle } from './run-lane.ts'

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
  /** Lanes in transactions of their own at once; each takes a connection. */
  readonly connections: number
  /** Told of what nothing here can mend. */
  fail(error: unknown): void
}

/** Milliseconds after which a transaction over many keys is given up: a slow handler must not hold up the others. */
const together = 5_000

const underneath = (error: unknown): unknown => (error instanceof OwnFailure ? error.cause : error)

/** Takes what is ready, many lanes in one transaction, and each apart where that fails. */
export const startWorker = ({ context, lanes, connections, fail }: WorkOptions): Worker => {
  const { plan } = context.consumer
  const size = batchSize({ concurrency: plan.concurrency })
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()
  const backoff = exponential('100ms', { max: '5s' })
  let outages = 0
  let isTogether = false
  let alone = 0

  /** Whether those partitions are gone that a fenced transaction was about; if none is, all has to begin anew. */
  const drop = (units: readonly Unit[]): boolean => {
    const partitions = new Set(units.flatMap(({ entries }) => entries.map(({ partition }) => partition)))
    const lost = [...partitions].filter(({ assignment }) => assignment.lost.aborted)
    for (const partition of lost) partition.open = false
    return lost.length > 0
  }

  /** Nobody's fault: the lanes stay as they were, and are tried again when it may be over. */
  const outage = async (units: readonly Unit[], error: unknown): Promise<void> => {
    const reason = underneath(error)
    const known = isNobodysFault(error) && !isOnewriteError(reason, 'FENCED')
    if (!known && !drop(units)) fail(reason)
    outages += 1
    context.watch.outage(reason)
    await pause(backoff(outages), stopping.signal)
  }

  const runApart = async (unit: Unit): Promise<void> => {
    // Given away while it waited for its turn.
    if (!unit.entries.every(({ partition }) => partition.open)) return lanes.release(unit, { dealt: 0 })
    try {
      lanes.release(unit, await runLane(context, unit))
      outages = 0
    } catch (error) {
      await outage([unit], error)
      lanes.release(unit, { dealt: 0, alone: true })
    }
  }

  const fallBack = async (units: readonly Unit[]): Promise<void> => {
    const left = units.values()
    const work = async (): Promise<void> => {
      for (const unit of left) await runApart(unit)
    }
    await Promise.all(Array.from({ length: Math.min(connections, units.length) }, work))
  }

  const runTogether = async (units: readonly Unit[]): Promise<void> => {
    const begun = performance.now()
    try {
      settle(context, await attempt(context, units, units.length > 1 ? { within: together } : {}))
      size.took(performance.now() - begun)
      outages = 0
      await forget(context, units)
      for (const unit of units) lanes.release(unit, { dealt: unit.entries.length })
    } catch (error) {
      if (isNobodysFault(error)) {
        await outage(units, error)
        for (const unit of units) lanes.release(unit, { dealt: 0 })
      } else {
        if (error instanceof TookTooLong) size.tookTooLong()
        await fallBack(units)
      }
    }
  }

  const track = (work: Promise<void>, ended: () => void): void => {
    const tracked = work.catch(fail).finally(() => {
      running.delete(tracked)
      ended()
      kick()
    })
    running.add(tracked)
  }

  const takeAlone = (each: boolean): void => {
    while (alone < connections) {
      const unit = lanes.takeAlone(each)
      if (unit === undefined) return
      alone += 1
      const ended = (): void => {
        alone -= 1
      }
      track(runApart(unit), ended)
    }
  }

  const kick = (): void => {
    if (stopping.signal.aborted) return
    const each = plan.transaction === 'each' || size.apart
    takeAlone(each)
    if (each || isTogether) return
    const units = lanes.takeTogether(size.most)
    if (units.length === 0) return
    isTogether = true
    const ended = (): void => {
      isTogether = false
    }
    track(runTogether(units), ended)
  }

  return {
    kick,
    stop: async () => {
      stopping.abort()
      while (running.size > 0) await Promise.all(running)
    },
  }
}
