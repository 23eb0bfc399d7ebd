import { withDeadline } from '../../lifecycle/deadline.ts'
import type { Logger } from '../../lifecycle/logger.ts'
import type { Member } from '../../transport/subscriber.ts'
import type { Feed } from './feed.ts'
import { release } from './leases.ts'
import type { Line } from './line.ts'
import { saveProgress } from './progress.ts'

export interface HandsOptions {
  readonly line: Line
  readonly owner: string
  readonly member: Member
  readonly logger: Logger
  /** The member refused what it was given. */
  readonly refused: (error: unknown) => void
  readonly counts: { rebalances: number; refusals: number }
  /** A partition has left. */
  readonly left: (feed: Feed) => void
}

interface InHand {
  readonly feed: Feed
  readonly assigned: Promise<void>
  leaving: boolean
}

/** The partitions of one instance, from being taken to being given away. */
export interface Hands {
  /** All whose lease is held. */
  readonly feeds: readonly Feed[]
  /** Those that are not on their way out. */
  readonly kept: readonly Feed[]
  /** Whether its member has not let go of this partition yet, also where it was lost. */
  has(partition: number): boolean
  take(feed: Feed): void
  /** Asks the member to let go, and gives the partition back. */
  give(feed: Feed): void
  /** Saves what was settled since, and loses what belongs to somebody else. */
  save(): Promise<void>
  /** Whether there is nothing that its member has not let go of. */
  readonly isEmpty: boolean
  /** Resolves when there is nothing left. */
  emptied(): Promise<void>
}

/** A lease runs out by itself: whoever stops does not wait longer for a database that does not answer. */
const patience = 2000

interface State {
  readonly options: HandsOptions
  readonly inHand: Set<InHand>
  /** Progress as it was last saved. */
  readonly saved: WeakMap<Feed, bigint>
  readonly waiting: Set<() => void>
}

const find = ({ inHand }: State, feed: Feed): InHand | undefined =>
  [...inHand].find((one) => one.feed === feed)

/** Tells the member, when it has taken what it was given; what it throws then is its own affair. */
const revoke = async ({ options }: State, { feed, assigned }: InHand): Promise<void> => {
  try {
    await assigned
    await options.member.revoked(feed.assignment)
  } catch (error) {
    options.logger.warn(
      { partition: feed.name, error: String(error) },
      'a partition was let go of with an error',
    )
  }
}

/** Progress first: the next owner begins where it says. */
const giveBack = async ({ options }: State, feed: Feed): Promise<void> => {
  const { line, owner, logger } = options
  const { name, token, progress: position } = feed
  const given = async (): Promise<void> => {
    await saveProgress(line, [{ name, token, position }])
    // Before anybody else can have it.
    feed.lose()
    await release(line, owner, feed)
  }
  await withDeadline(name, given(), patience).catch((error: unknown) => {
    logger.warn({ lease: name, error: String(error) }, 'the lease could not be released; it will run out')
  })
}

const leave = (state: State, one: InHand): void => {
  state.inHand.delete(one)
  state.options.left(one.feed)
  if (state.inHand.size > 0) return
  for (const wake of state.waiting) wake()
  state.waiting.clear()
}

const take = (state: State, feed: Feed): void => {
  const { member, refused } = state.options
  const assigned = (async () => member.assigned(feed.assignment))()
  const one = { feed, assigned, leaving: false }
  state.inHand.add(one)
  state.saved.set(feed, feed.position)
  // Whoever notices first: the deadline of the leases, a renewal that was refused, or the member that asks for more.
  feed.assignment.lost.addEventListener('abort', () => leaveLost(state, one), { once: true })
  assigned.catch(refused)
}

const give = (state: State, feed: Feed): void => {
  const one = find(state, feed)
  if (one === undefined || one.leaving) return
  one.leaving = true
  feed.close()
  void revoke(state, one)
    .then(() => (feed.assignment.lost.aborted ? undefined : giveBack(state, feed)))
    .finally(() => {
      feed.lose()
      leave(state, one)
    })
}

const leaveLost = (state: State, one: InHand): void => {
  if (one.leaving) return
  state.options.counts.rebalances += 1
  one.leaving = true
  void revoke(state, one).finally(() => leave(state, one))
}

const save = async (state: State): Promise<void> => {
  const { inHand, saved, options } = state
  const moved = [...inHand]
    .map(({ feed }) => ({ feed, position: feed.progress }))
    .filter(({ feed, position }) => !feed.assignment.lost.aborted && position > (saved.get(feed) ?? -1n))
  const progress = moved.map(({ feed: { name, token }, position }) => ({ name, token, position }))
  const fenced = await saveProgress(options.line, progress)
  for (const { feed, position } of moved) {
    if (!fenced.includes(feed.name)) {
      saved.set(feed, position)
      continue
    }
    options.counts.refusals += 1
    feed.lose()
  }
}

export const hands = (options: HandsOptions): Hands => {
  const state: State = { options, inHand: new Set(), saved: new WeakMap(), waiting: new Set() }
  const { inHand, waiting } = state
  return {
    get feeds() {
      return [...inHand].map(({ feed }) => feed).filter(({ assignment }) => !assignment.lost.aborted)
    },
    get kept() {
      return [...inHand].filter(({ leaving }) => !leaving).map(({ feed }) => feed)
    },
    get isEmpty() {
      return inHand.size === 0
    },
    has: (partition) => [...inHand].some(({ feed }) => feed.partition === partition),
    take: (feed) => take(state, feed),
    give: (feed) => give(state, feed),
    save: () => save(state),
    emptied: () =>
      inHand.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.add(() => resolve())),
  }
}
