import { pause } from '../lifecycle/pause.ts'
import type {
  Assignment,
  DeliveredRecord,
  Member,
  SubscribeOptions,
  Subscribing,
  Subscription,
} from '../transport/subscriber.ts'

/** A record, and the partition that it came through. */
export interface Delivery {
  readonly assignment: string
  readonly record: DeliveredRecord
}

/** What members of one group did, in the order of time. */
export interface Ledger {
  readonly deliveries: Delivery[]
  /** By partition. */
  readonly owners: Map<string, Possession>
  /** Breaches of what holds at any time. */
  readonly faults: string[]
}

export const ledger = (): Ledger => ({ deliveries: [], owners: new Map(), faults: [] })

export interface PartitionReader extends Subscription {
  /** What it has in hand, by name. */
  readonly held: ReadonlyMap<string, Assignment>
  readonly deliveries: readonly Delivery[]
  readonly records: DeliveredRecord[]
  /** Takes no more of a partition until `goOn`. */
  holdBack(assignment: string): void
  goOn(assignment: string): void
}

export interface ReadPartitions extends SubscribeOptions {
  readonly ledger?: Ledger
  /** Where to begin; default: where the transport says. */
  readonly begin?: (assignment: Assignment) => bigint | undefined
  /** Called with what came; default: settles all of it. */
  readonly read?: (assignment: Assignment, records: readonly DeliveredRecord[]) => void
  /** What `revoked` waits for. */
  readonly lettingGo?: (assignment: Assignment) => Promise<void>
}

const limits = { records: 50, bytes: 1024 * 1024 }

const settleAll = (assignment: Assignment, records: readonly DeliveredRecord[]): void => {
  const last = records.at(-1)
  if (last !== undefined) assignment.settle(BigInt(last.offset) + 1n)
}

interface Possession {
  readonly held: ReadonlyMap<string, Assignment>
  readonly deliveries: readonly Delivery[]
  take(assignment: Assignment): void
  release(assignment: Assignment): void
  note(assignment: Assignment, records: readonly DeliveredRecord[]): void
}

/** What one member has, entered into the ledger of all. */
const possession = (written: Ledger): Possession => {
  const held = new Map<string, Assignment>()
  const deliveries: Delivery[] = []
  const release = ({ name }: Assignment): void => {
    held.delete(name)
    if (written.owners.get(name) === own) written.owners.delete(name)
  }
  const own: Possession = {
    held,
    deliveries,
    release,
    take: (assignment) => {
      const { name, lost } = assignment
      if (written.owners.has(name)) written.faults.push(`${name} was given to two members`)
      written.owners.set(name, own)
      held.set(name, assignment)
      lost.addEventListener('abort', () => release(assignment), { once: true })
    },
    note: (assignment, records) => {
      if (written.owners.get(assignment.name) !== own && !assignment.lost.aborted) {
        written.faults.push(`${assignment.name} delivered to a member that does not have it`)
      }
      const found = records.map((record) => ({ assignment: assignment.name, record }))
      deliveries.push(...found)
      written.deliveries.push(...found)
    },
  }
  return own
}

/** A member that reads each partition until nothing comes any more, and holds the transport to its promises. */
export const readPartitions = (subscribing: Subscribing, options: ReadPartitions): PartitionReader => {
  const { ledger: written = ledger(), begin, read = settleAll, lettingGo, ...wanted } = options
  const own = possession(written)
  const reading = new Map<Assignment, { readonly done: Promise<void>; readonly hurry: AbortController }>()
  const heldBack = new Set<string>()

  const follow = async (assignment: Assignment, hurried: AbortSignal): Promise<void> => {
    while (!assignment.lost.aborted) {
      while (heldBack.has(assignment.name) && !hurried.aborted) await pause(5)
      const records = await assignment.next(limits).catch(() => undefined)
      if (records?.length === 0) return
      if (records === undefined) await pause(100)
      else {
        own.note(assignment, records)
        read(assignment, records)
      }
    }
  }

  const member: Member = {
    assigned: async (assignment) => {
      own.take(assignment)
      assignment.begin(begin?.(assignment))
      const hurry = new AbortController()
      reading.set(assignment, { hurry, done: follow(assignment, hurry.signal) })
    },
    revoked: async (assignment) => {
      const mine = reading.get(assignment)
      reading.delete(assignment)
      mine?.hurry.abort()
      await mine?.done
      await lettingGo?.(assignment)
      if (lettingGo !== undefined && assignment.lost.aborted) {
        written.faults.push(`${assignment.name} was not waited for`)
      }
      if (!assignment.lost.aborted && (await assignment.next(limits)).length > 0) {
        written.faults.push(`${assignment.name} delivered after it was revoked`)
      }
      own.release(assignment)
    },
  }
  const subscription = subscribing.subscribe(wanted, member)
  return {
    ...subscription,
    held: own.held,
    deliveries: own.deliveries,
    get records() {
      return own.deliveries.map(({ record }) => record)
    },
    holdBack: (name) => void heldBack.add(name),
    goOn: (name) => void heldBack.delete(name),
  }
}

/** Opens readers, and stops them all in the end. */
export const withReaders = async (
  subscribing: Subscribing,
  use: (open: (options: ReadPartitions) => PartitionReader) => Promise<void>,
): Promise<void> => {
  const opened: PartitionReader[] = []
  try {
    await use((options) => {
      const reader = readPartitions(subscribing, options)
      opened.push(reader)
      return reader
    })
  } finally {
    await Promise.all(opened.map((reader) => reader.stop()))
  }
}
