import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { relayInstruments } from '../telemetry/relay-instruments.ts'
import type { Checkpoint } from './source.ts'

export interface SettledBatch {
  readonly events: number
  readonly checkpoint: Checkpoint
  /** Events waiting behind it. */
  readonly lag: bigint
}

/** Watches a session; nothing it does changes what is published. */
export interface Observer {
  /** Records were given to the sink; `since` is when the first of them was recorded. */
  handed(records: readonly OutgoingRecord[], since: string | undefined): void
  /** Runs the settling of everything handed over. */
  settling(batch: SettledBatch, work: () => Promise<void>): Promise<void>
  /** A look found nothing new. */
  idle(checkpoint: Checkpoint, lag: bigint): void
}

export interface ObserveOptions {
  readonly name: string
  /** Called with records after they left for good; they are kept until then only where somebody asked. */
  readonly published?: ((records: readonly OutgoingRecord[]) => void) | undefined
  /** The checkpoint moved, or (`idle`) stands where nothing is left to do. */
  readonly moved: (checkpoint: Checkpoint, idle: boolean) => void
}

const secondsSince = (time: string): number => Math.max(0, (Date.now() - Date.parse(time)) / 1000)

export const observe = ({ name, published, moved }: ObserveOptions): Observer => {
  const instruments = relayInstruments(name)
  let since: string | undefined
  let records: OutgoingRecord[] = []
  // As it stands where it counts. What a source would settle next may be ahead, and retention must not go by that.
  let standing: Checkpoint | undefined
  const progress = (position: bigint, lagEvents: bigint): void => {
    const lagSeconds = since === undefined ? 0 : secondsSince(since)
    instruments.progress({ position, lagEvents, lagSeconds })
  }
  return {
    handed: (handed, at) => {
      since ??= at
      if (published !== undefined) for (const record of handed) records.push(record)
    },
    settling: async ({ events, checkpoint, lag }, work) => {
      await instruments.publish({ events, position: checkpoint.position }, work)
      standing = checkpoint
      progress(checkpoint.position, lag)
      since = undefined
      moved(checkpoint, false)
      const left = records
      records = []
      if (left.length > 0) published?.(left)
    },
    idle: (checkpoint, lag) => {
      standing ??= checkpoint
      progress(checkpoint.position, lag)
      moved(standing, true)
    },
  }
}
