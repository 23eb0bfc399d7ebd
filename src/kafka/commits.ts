import { pause } from '../lifecycle/pause.ts'
import { clientError } from './call.ts'
import type { ClientError, ConsumerHandle, PlacedOffset } from './client.ts'
import { type HeldPartition, placeName } from './held-partition.ts'

/** Commits of one client, and what the group's coordinator says of them. */
export interface Commits {
  /**
   * Commits what partitions settled. Resolves with true once nothing of theirs is left to be committed, with false
   * when the patience in milliseconds ended before.
   */
  commit(partitions: readonly HeldPartition[], patience?: number): Promise<boolean>
  /** To be told every answer: the client's own promises resolve before anything was sent. */
  answered(error: ClientError | undefined, places: readonly PlacedOffset[]): void
}

/** The client's words for a commit that had nothing to say. */
const nothingToCommit = -168
/** One that was refused is sent again after this. */
const askAgain = 200

/** What was sent and not answered, by the name of the partition. */
type UnderWay = Map<string, { readonly offset: number; readonly partition: HeldPartition }>

/** What is to be sent: one commit of a partition at a time, so that none overtakes another. */
const toSend = (partitions: readonly HeldPartition[], underWay: UnderWay): PlacedOffset[] =>
  partitions.flatMap((partition) => {
    const offset = partition.uncommitted
    const name = placeName(partition.place)
    if (offset === undefined || underWay.has(name)) return []
    underWay.set(name, { offset, partition })
    return [{ ...partition.place, offset }]
  })

const isDone = (partitions: readonly HeldPartition[]): boolean =>
  partitions.every(({ uncommitted }) => uncommitted === undefined)

/** Where the member commits by itself. */
export const noCommits: Commits = { commit: async () => true, answered: () => undefined }

/** `refused` hears of commits that were not accepted. */
export const groupCommits = (
  handle: Pick<ConsumerHandle, 'commit'>,
  refused: (error: ClientError, places: readonly PlacedOffset[]) => void,
): Commits => {
  const underWay: UnderWay = new Map()
  let told = new AbortController()

  const answered: Commits['answered'] = (error, places) => {
    const isRefused = error !== undefined && error.code !== nothingToCommit
    if (isRefused) refused(error, places)
    for (const place of places) {
      const sent = underWay.get(placeName(place))
      underWay.delete(placeName(place))
      if (!isRefused) sent?.partition.committed(sent.offset)
    }
    if (!isRefused) told.abort()
  }
  const send = (partitions: readonly HeldPartition[]): void => {
    const places = toSend(partitions, underWay)
    if (places.length === 0) return
    try {
      handle.commit(places)
    } catch (error) {
      answered(clientError(error), places)
    }
  }
  const commit: Commits['commit'] = async (partitions, patience = 0) => {
    const deadline = performance.now() + patience
    for (;;) {
      told = told.signal.aborted ? new AbortController() : told
      send(partitions)
      if (isDone(partitions)) return true
      if (performance.now() >= deadline) return false
      await pause(askAgain, told.signal)
    }
  }
  return { commit, answered }
}
