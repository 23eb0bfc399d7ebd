import type { Logger } from '../lifecycle/logger.ts'
import type { Client } from './client.ts'
import type { Consumer } from './consumer.ts'
import { type HeldPartition, placeName } from './held-partition.ts'
import type { Holding } from './holding.ts'
import { rangeOf } from './partition-start.ts'

export interface RangeWatchOptions {
  readonly client: Client
  readonly consumer: Consumer
  readonly hold: Holding
  readonly logger: Logger
  readonly fields: object
  /** Records that were gone before they could be read. */
  missed(count: number, where: string): void
}

/** Looks after partitions of which nothing comes. */
export interface RangeWatch {
  /** Looks at those of which nothing came since the last look; `all` at every one, after the client gave one up. */
  look(all: boolean): Promise<void>
}

/** Where everything had arrived, each look would only confirm it. */
const looksAtDrained = 6
/** Looks without a record though there are some, until the client is told again where to read. */
const looksUntilRestart = 6

interface Seen {
  readonly position: number
  looks: number
}

/** The client may have given up at this offset without a word, and go on only when it is told to. */
const nudge = ({ hold, logger, fields }: RangeWatchOptions, partition: HeldPartition, at: number): void => {
  const { name } = partition.assignment
  logger.warn({ ...fields, partition: name, offset: at }, 'nothing comes of a partition that has records')
  hold.restart(partition, at)
}

const skip = (
  options: RangeWatchOptions,
  partition: HeldPartition,
  range: { readonly at: number; readonly from: number },
): void => {
  const { hold, logger, fields, missed } = options
  const { name } = partition.assignment
  // Markers of transactions may be dropped unread, too.
  const lost = range.from - Math.max(range.at, partition.drained ?? 0)
  partition.skipTo(range.from)
  hold.restart(partition, range.from)
  if (lost <= 0) return
  missed(lost, `${name} from ${range.at} to ${range.from - 1}`)
  logger.error(
    { ...fields, partition: name, from: range.at, to: range.from - 1 },
    'retention dropped records before they were read; going on at the first that is left',
  )
}

const beginAnew = (
  { hold, logger, fields }: RangeWatchOptions,
  partition: HeldPartition,
  from: number,
): void => {
  const { name } = partition.assignment
  const offset = partition.position
  logger.warn({ ...fields, partition: name, offset }, 'a partition ends before the offset: it begins anew')
  hold.renew(partition, from)
}

const inspect = async (
  options: RangeWatchOptions,
  partition: HeldPartition,
  stuck: boolean,
): Promise<void> => {
  const { client, consumer, hold } = options
  const { place, position: at } = partition
  // Open transactions included: what another program committed may lie behind the first of them.
  const { from, to } = await rangeOf(client, consumer, place, 'read_uncommitted')
  const isSame = hold.held.get(placeName(place)) === partition && partition.position === at
  if (!isSame || at === undefined) return
  if (at < from) skip(options, partition, { at, from })
  else if (at > to) beginAnew(options, partition, from)
  // The client may have said so amid an error, where it is not heard.
  else if (at === to) partition.reached(to)
  else if (stuck) nudge(options, partition, at)
}

export const rangeWatch = (options: RangeWatchOptions): RangeWatch => {
  const seen = new WeakMap<HeldPartition, Seen>()

  /** How often nothing came of it. */
  const quiet = (partition: HeldPartition): number => {
    const { position, records } = partition
    const before = seen.get(partition)
    const isQuiet = before !== undefined && position === before.position && records === 0
    const looks = isQuiet ? before.looks + 1 : 0
    if (position !== undefined) seen.set(partition, { position, looks })
    return looks
  }

  return {
    look: async (all) => {
      const partitions = [...options.hold.held.values()].filter(({ position }) => position !== undefined)
      const looked = partitions.map((partition) => ({ partition, looks: quiet(partition) }))
      for (const { partition, looks } of looked) {
        const isDrained = partition.drained !== undefined
        const isDue = isDrained ? looks > 0 && looks % looksAtDrained === 0 : looks > 0
        const isStuck = !isDrained && looks >= looksUntilRestart && looks % looksUntilRestart === 0
        if (all || isDue) await inspect(options, partition, isStuck)
      }
    },
  }
}
