import type { Reader } from '../../dead-letter/fence.ts'
import { type QuarantineBudget, type QuarantineHealth, watchQuarantine } from '../../dead-letter/health.ts'
import { type Queue, queueName } from '../../dead-letter/queue.ts'
import { recover } from '../../dead-letter/recover.ts'
import { setAside } from '../../dead-letter/set-aside.ts'
import { failpoint } from '../../lifecycle/failpoint.ts'
import type { Logger } from '../../lifecycle/logger.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { Database } from '../../postgres/database.ts'
import type { Batch, Checkpoint } from '../source.ts'
import { marksOf, withMarks } from './marks.ts'
import { type Refusals, remember, suspect } from './refusals.ts'
import { releases } from './release.ts'
import { sorter } from './sort.ts'

/** Between source and sink: keeps quarantined records back, and lets released ones go. */
export interface Gate {
  /** What may leave of a batch. The rest is kept in the database before this resolves. */
  pass(batch: Batch): Promise<readonly OutgoingRecord[]>
  /** The checkpoint as it has to be settled: it says which dead letters it covers. */
  mark(checkpoint: Checkpoint): Checkpoint
  /** The checkpoint is safe. */
  settled(checkpoint: Checkpoint): Promise<void>
  /** What leaves now of released queues; only where a checkpoint may stand. Has to be settled next. */
  release(): Promise<readonly OutgoingRecord[]>
  /** Keeps what was refused in mind, or parks it again. */
  refused(error: unknown): Promise<void>
  /** Something was refused and is set aside now: the sooner the checkpoint moves, the less is repeated. */
  readonly eager: boolean
  /** What to say of the quarantine; undefined where there is none. */
  readonly health: QuarantineHealth | undefined
  /** While there is a queue that an operator may release: milliseconds after which to look for that again. */
  readonly lookAgain: number | undefined
}

export interface GateOptions extends Reader {
  readonly database: Database
  /** Text of the last checkpoint. */
  readonly checkpoint: string | undefined
  readonly refusals: Refusals
  /** Milliseconds between two looks for what operators released. */
  readonly lookEvery: number
  readonly budget: QuarantineBudget
  readonly logger: Logger
}

const byName = (queues: readonly Queue[]): Map<string, Queue> =>
  new Map(queues.map((queue) => [queueName(queue), queue]))

/**
 * Opens the gate of one leadership, after the predecessor was fenced and the checkpoint read.
 *
 * @throws FENCED
 */
export const openGate = async (options: GateOptions): Promise<Gate> => {
  const { database, reader, token, checkpoint, refusals, lookEvery } = options
  const owner = { reader, token }
  const { queues, again, highest, waiting } = await recover(database, owner, marksOf(checkpoint))
  const known = { queues: byName(queues), again: new Map(again), suspects: refusals.suspects }
  const sorting = sorter({ known, placed: highest.placed, checkpoint })
  const { released } = highest
  const leaving = releases({ ...owner, database, known, released, watching: waiting, lookEvery })
  const quarantine = watchQuarantine(database, reader, options)
  if (waiting) await quarantine.look(true)
  let eager = false

  return {
    pass: async (batch) => {
      const sorted = sorting.sort(batch)
      if (sorted.asides.length === 0) return sorted.leaving
      await setAside(database, owner, sorted.asides)
      failpoint('deadLetter.setAside')
      const isNew = sorted.asides.some(({ cause }) => cause !== undefined)
      eager ||= isNew
      leaving.watch()
      await quarantine.look(isNew)
      return sorted.leaving
    },
    mark: (at) => withMarks(at, { placed: sorting.placed, released: leaving.released }),
    settled: async ({ text }) => {
      sorting.settled(text)
      eager = false
      await leaving.settled()
    },
    release: async () => {
      const records = await leaving.take()
      if (leaving.watching || quarantine.health !== undefined) await quarantine.look(!leaving.watching)
      return records
    },
    refused: async (error) => {
      const refused = remember(refusals, error)
      if (refused === undefined || (await leaving.park(refused, error))) return
      suspect(refusals, refused, error)
    },
    get eager() {
      return eager
    },
    get health() {
      return quarantine.health
    },
    get lookAgain() {
      return leaving.watching ? lookEvery : undefined
    },
  }
}
