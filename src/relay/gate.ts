import { createHash } from 'node:crypto'
import type { Reader } from '../dead-letter/fence.ts'
import { keyQueue, type Queue, queueName } from '../dead-letter/queue.ts'
import { recover } from '../dead-letter/recover.ts'
import { markSent, parkAgain, type Release, takeReleased } from '../dead-letter/release.ts'
import { fingerprint, type SetAside, setAside } from '../dead-letter/set-aside.ts'
import { failpoint } from '../lifecycle/failpoint.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { Database } from '../postgres/database.ts'
import type { Refused } from '../transport/refused.ts'
import { marksOf, withMarks } from './gate-marks.ts'
import { causeOf, isRefused, type Refusals, remember } from './gate-refusals.ts'
import { identityOf, isEmpty, judge, type Quarantined } from './gate-verdict.ts'
import type { Batch, Checkpoint } from './source.ts'

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
  /** Whether there is a queue that an operator may release. */
  readonly watching: boolean
}

export interface GateOptions extends Reader {
  readonly database: Database
  /** Text of the last checkpoint. */
  readonly checkpoint: string | undefined
  readonly refusals: Refusals
}

/** Between two looks for what operators released, in milliseconds. */
const lookEvery = 1_000

const digest = (text: string | undefined): string =>
  createHash('sha256')
    .update(text ?? '')
    .digest('hex')
    .slice(0, 16)

const byName = (queues: Iterable<Queue>): Map<string, Queue> =>
  new Map([...queues].map((queue) => [queueName(queue), queue]))

/** Suspects for the next leadership: what was refused lies behind the checkpoint and will be read again. */
const suspect = ({ suspects }: Refusals, { scope, records }: Refused, error: unknown): void => {
  const cause = causeOf(error)
  for (const record of records) {
    const isKnown = suspects.some(
      (other) =>
        other.record.topic === record.topic &&
        (scope === 'topic'
          ? other.scope === scope
          : other.record.id === record.id && record.id !== undefined),
    )
    if (!isKnown) suspects.push({ record, scope, cause })
  }
}

/**
 * Opens the gate of one leadership, after the predecessor was fenced and the checkpoint read.
 *
 * @throws FENCED
 */
export const openGate = async (options: GateOptions): Promise<Gate> => {
  const { database, reader, token, refusals } = options
  const owner = { reader, token }
  const found = await recover(database, owner, marksOf(options.checkpoint))
  const known: Quarantined = {
    queues: byName(found.queues),
    again: new Map(found.again),
    suspects: refusals.suspects,
  }
  let { placed, released } = found.highest
  let base = options.checkpoint
  let ordinal = 0
  let eager = false
  let watching = found.waiting
  let lookedAt = Number.NEGATIVE_INFINITY
  let pending: Release | undefined

  const sort = ({ records, checkpoint }: Batch): { leaving: OutgoingRecord[]; asides: SetAside[] } => {
    const asides = new Map<string, SetAside>()
    const leaving: OutgoingRecord[] = []
    for (const record of records) {
      ordinal += 1
      const named = identityOf(record, digest(base), ordinal)
      const id = asides.has(named) ? `${named}#${ordinal}` : named
      const verdict = judge(known, record, id)
      if (verdict === undefined) leaving.push(record)
      else {
        placed += 1n
        asides.set(id, { id, record, place: placed, position: checkpoint.position, ...verdict })
      }
    }
    return { leaving, asides: [...asides.values()] }
  }

  const park = async (refused: Refused, error: unknown): Promise<boolean> => {
    const cause = causeOf(error)
    const again = (pending?.leaving ?? []).filter(({ record }) =>
      refused.records.some((one) => isRefused(one, record)),
    )
    if (again.length === 0) return false
    const parked = again.map(({ number, record }) =>
      refused.scope === 'topic' ? { number, record } : { number, record, ownQueue: keyQueue(record, number) },
    )
    await parkAgain(database, owner, parked, { ...cause, fingerprint: fingerprint(cause) })
    return true
  }

  return {
    pass: async (batch) => {
      if (isEmpty(known)) {
        ordinal += batch.records.length
        return batch.records
      }
      const { leaving, asides } = sort(batch)
      if (asides.length === 0) return leaving
      await setAside(database, owner, asides)
      failpoint('deadLetter.setAside')
      watching = true
      eager ||= asides.some(({ cause }) => cause !== undefined)
      return leaving
    },
    mark: (checkpoint) => withMarks(checkpoint, { placed, released }),
    settled: async ({ text }) => {
      base = text
      ordinal = 0
      eager = false
      if (pending === undefined) return
      failpoint('deadLetter.sent')
      await markSent(database, owner, pending.release)
      pending = undefined
      lookedAt = Number.NEGATIVE_INFINITY
    },
    release: async () => {
      if (!watching || performance.now() - lookedAt < lookEvery) return []
      lookedAt = performance.now()
      const looked = await takeReleased(database, owner, released + 1n)
      for (const queue of looked.closed) known.queues.delete(queueName(queue))
      watching = looked.waiting
      pending = looked.release
      if (pending === undefined) return []
      released = pending.release
      return pending.leaving.map(({ record }) => record)
    },
    refused: async (error) => {
      const refused = remember(refusals, error)
      if (refused === undefined || (await park(refused, error))) return
      suspect(refusals, refused, error)
    },
    get eager() {
      return eager
    },
    get watching() {
      return watching
    },
  }
}
