import { failpoint } from '../lifecycle/failpoint.ts'
import { saveCheckpoint, takeCheckpoint } from '../postgres/checkpoint.ts'
import type { Database } from '../postgres/database.ts'
import type { Publishing } from '../transport/publisher.ts'
import { inFlight } from './in-flight.ts'
import type { Sink } from './sink.ts'

export interface AtLeastOnceOptions {
  readonly database: Database
  readonly publishing: Publishing
  readonly name: string
  readonly maxBytesInFlight: number
  /** Fencing token of the lease: a former leader cannot move the checkpoint. */
  readonly token: bigint
}

/**
 * Records first, checkpoint after every acknowledgement: a crash in between repeats the records behind the
 * checkpoint, in the same order and with the same ids.
 */
export const atLeastOnceSink = async (options: AtLeastOnceOptions): Promise<Sink> => {
  const { database, publishing, name, token } = options
  const checkpoint = `relay/${name}`
  const position = await takeCheckpoint(database, { name: checkpoint, token })
  const publisher = await publishing.publisher({ name })
  const sending = inFlight((records) => publisher.publish(records), options.maxBytesInFlight)
  return {
    position,
    send: (records) => sending.add(records),
    settle: async (settled) => {
      await sending.drain()
      failpoint('relay.beforeCommit')
      await saveCheckpoint(database, { name: checkpoint, position: settled, token })
      failpoint('relay.committed')
    },
    close: () => publisher.close(),
  }
}
