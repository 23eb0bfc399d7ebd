import { failpoint } from '../lifecycle/failpoint.ts'
import { readCheckpoint, saveCheckpoint, takeCheckpoint } from '../postgres/checkpoint.ts'
import type { Database } from '../postgres/database.ts'
import type { Publishing } from '../transport/publisher.ts'
import { tableCheckpoint } from './checkpoint.ts'
import { inFlight } from './in-flight.ts'
import type { Sink } from './sink.ts'

export interface AtLeastOnceOptions {
  readonly database: Database
  readonly publishing: Publishing
  readonly name: string
  readonly maxBytesInFlight: number
  /** Fencing token of the lease: a former leader cannot move the checkpoint. */
  readonly token: bigint
  /** Sends records one by one. */
  readonly apart: boolean
}

/**
 * Records first, checkpoint after every acknowledgement: a crash in between repeats the records behind the
 * checkpoint, in the same order and with the same ids.
 */
export const atLeastOnceSink = async (options: AtLeastOnceOptions): Promise<Sink> => {
  const { database, publishing, name, token } = options
  const checkpoint = `relay/${name}`
  const position = await takeCheckpoint(database, { name: checkpoint, token })
  // Nobody else can save any more, so what is read now stays true.
  const state = (await readCheckpoint(database, checkpoint))?.state
  const publisher = await publishing.publisher({ name, apart: options.apart })
  const sending = inFlight((records) => publisher.publish(records), options.maxBytesInFlight)
  return {
    checkpoint: state ?? (position === 0n ? undefined : tableCheckpoint(position).text),
    send: (records) => sending.add(records),
    settle: async ({ position: settled, text }) => {
      await sending.drain()
      failpoint('relay.beforeCommit')
      await saveCheckpoint(database, { name: checkpoint, position: settled, state: text, token })
      failpoint('relay.committed')
    },
    close: () => publisher.close(),
  }
}
