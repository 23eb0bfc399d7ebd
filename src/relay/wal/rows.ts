import type { Change, Relation, ReplicationStream, RowInserted } from '../../postgres/replication.ts'
import type { WalPlace } from './checkpoint.ts'
import type { WalProgress } from './progress.ts'

/** The rows of the log out of everything that a stream delivers. */
export interface WalRows {
  /** The next row; `passed` where something else came; undefined where nothing is left, or the row is unaccepted. */
  next(): RowInserted | 'passed' | undefined
  /** Whether a transaction was begun and its commit not seen. */
  readonly isOpen: boolean
  /**
   * The description of the log that the next row refers to, where it came anew: that is so after every change of the
   * publication. The row is not handed out before it is accepted.
   */
  readonly unaccepted: Relation | undefined
  accept(relation: Relation): void
}

export interface WalRowsOptions {
  readonly stream: ReplicationStream
  /** Of the log. */
  readonly schema: string
  readonly place: WalPlace
  readonly progress: WalProgress
}

/** Looks at changes one by one, which the stream hands over in bulk. */
const oneByOne = (stream: ReplicationStream) => {
  let taken: readonly Change[] = []
  let index = 0
  return {
    peek: (): Change | undefined => {
      if (index >= taken.length) {
        taken = stream.take()
        index = 0
      }
      return taken[index]
    },
    skip: (): void => {
      index += 1
    },
  }
}

/**
 * A transaction that ends at or before the place has left: after a crash the slot may stand further back than it was
 * told.
 */
export const walRows = ({ stream, schema, place, progress }: WalRowsOptions): WalRows => {
  const changes = oneByOne(stream)
  let isOpen = false
  let skipping = false
  let accepted: Relation | undefined
  let unaccepted: Relation | undefined

  const isOurs = (change: Change): change is RowInserted =>
    change.kind === 'insert' &&
    !skipping &&
    change.relation.schema === schema &&
    change.relation.table === 'events'

  const pass = (change: Change): void => {
    if (change.kind === 'begin') {
      isOpen = true
      // A commit that begins before the place ends at or before it: records do not overlap.
      skipping = change.lsn < place.lsn
    } else if (change.kind === 'commit') {
      isOpen = false
      if (!skipping) progress.reached(change.end)
    } else if (change.kind === 'keepalive' && !isOpen) progress.reached(change.end)
  }

  return {
    next: () => {
      const change = changes.peek()
      if (change === undefined) return undefined
      const ours = isOurs(change)
      unaccepted = ours && change.relation !== accepted ? change.relation : undefined
      if (unaccepted !== undefined) return undefined
      changes.skip()
      if (ours) return change
      pass(change)
      return 'passed'
    },
    get isOpen() {
      return isOpen
    },
    get unaccepted() {
      return unaccepted
    },
    accept: (relation) => {
      accepted = relation
    },
  }
}
