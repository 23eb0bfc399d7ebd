import type { Logger } from '../lifecycle/logger.ts'
import { pause } from '../lifecycle/pause.ts'
import { clientError } from './call.ts'
import type { ClientError, ConsumerHandle, PlacedOffset } from './client.ts'
import { type HeldPartition, placeName } from './held-partition.ts'

/** Commits of one client, and what the group's coordinator says of them. */
export interface Commits {
  /** Commits what partitions settled. Resolves with true once nothing of theirs is left to be committed. */
  commit(partitions: readonly HeldPartition[], patience?: number): Promise<boolean>
  /** To be told the answer to a commit: the client resolves its own promise before anything was sent. */
  answered(error: ClientError | undefined, places: readonly PlacedOffset[]): void
}

/** The client's words for a commit that had nothing to say. */
const nothingToCommit = -168
const askAgain = 200

interface UnderWay {
  readonly offset: number
  readonly partition: HeldPartition
}

export const groupCommits = (
  handle: ConsumerHandle,
  fields: { readonly kafka: string; readonly group: string },
  logger: Logger,
  refused: () => void,
): Commits => {
  const underWay = new Map<string, UnderWay>()
  let waiting: (() => void)[] = []

  const refuse = (error: ClientError, places: readonly PlacedOffset[]): void => {
    refused()
    const partitions = places.map(placeName)
    const { code, message } = error
    logger.warn({ ...fields, code, partitions }, `a commit of offsets was refused: ${message}`)
  }
  const send = (partitions: readonly HeldPartition[]): void => {
    const places: { topic: string; partition: number; offset: number }[] = []
    for (const partition of partitions) {
      const offset = partition.uncommitted
      const name = placeName(partition.place)
      if (offset === undefined || underWay.has(name)) continue
      underWay.set(name, { offset, partition })
      places.push({ ...partition.place, offset })
    }
    if (places.length === 0) return
    try {
      handle.commit(places)
    } catch (error) {
      answered(clientError(error), places)
    }
  }
  const answered: Commits['answered'] = (error, places) => {
    const failed = error !== undefined && error.code !== nothingToCommit
    if (failed) refuse(error, places)
    for (const place of places) {
      const sent = underWay.get(placeName(place))
      underWay.delete(placeName(place))
      // One that was refused is still uncommitted, and sent again.
      if (!failed) sent?.partition.committed(sent.offset)
    }
    const told = waiting
    waiting = []
    for (const tell of told) tell()
  }
  const isDone = (partitions: readonly HeldPartition[]): boolean =>
    partitions.every((partition) => partition.uncommitted === undefined)

  /** Until the next answer, but not for long: one that was refused is asked again then. */
  const nextAnswer = async (): Promise<void> => {
    const giveUp = new AbortController()
    waiting.push(() => giveUp.abort())
    await pause(askAgain, giveUp.signal)
  }

  return {
    commit: async (partitions, patience = 0) => {
      const deadline = performance.now() + patience
      send(partitions)
      while (!isDone(partitions) && performance.now() < deadline) {
        await nextAnswer()
        if (!isDone(partitions)) await pause(1)
        send(partitions)
      }
      return isDone(partitions)
    },
    answered,
  }
}
