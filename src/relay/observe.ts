import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { relayInstruments } from '../telemetry/relay-instruments.ts'

export interface SettledBatch {
  readonly events: number
  readonly position: bigint
  /** Last position drawn by any writer. */
  readonly end: bigint
}

/** Watches a session; nothing it does changes what is published. */
export interface Observer {
  /** Records were given to the sink; `since` is when the first of them was recorded. */
  handed(records: readonly OutgoingRecord[], since: string): void
  /** Runs the settling of everything handed over. */
  settling(batch: SettledBatch, work: () => Promise<void>): Promise<void>
  /** A look found nothing new. */
  idle(position: bigint, end: bigint): void
}

export interface ObserveOptions {
  readonly name: string
  /** Called with records after they left for good; they are kept until then only where somebody asked. */
  readonly published?: ((records: readonly OutgoingRecord[]) => void) | undefined
  /** The checkpoint moved, or (`idle`) stands where nothing is left to do. */
  readonly moved: (position: bigint, idle: boolean) => void
}

const secondsSince = (time: string): number => Math.max(0, (Date.now() - Date.parse(time)) / 1000)

export const observe = ({ name, published, moved }: ObserveOptions): Observer => {
  const instruments = relayInstruments(name)
  let since: string | undefined
  let records: OutgoingRecord[] = []
  const progress = (position: bigint, end: bigint): void => {
    const lagSeconds = since === undefined ? 0 : secondsSince(since)
    instruments.progress({ position, lagEvents: end > position ? end - position : 0n, lagSeconds })
  }
  return {
    handed: (handed, at) => {
      since ??= at
      if (published !== undefined) for (const record of handed) records.push(record)
    },
    settling: async ({ events, position, end }, work) => {
      await instruments.publish({ events, position }, work)
      progress(position, end)
      since = undefined
      moved(position, false)
      const left = records
      records = []
      published?.(left)
    },
    idle: (position, end) => {
      progress(position, end)
      moved(position, true)
    },
  }
}
