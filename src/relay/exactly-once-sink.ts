import { failpoint } from '../lifecycle/failpoint.ts'
import type { Publishing } from '../transport/publisher.ts'
import { inFlight } from './in-flight.ts'
import type { Sink } from './sink.ts'

export interface ExactlyOnceOptions {
  readonly publishing: Publishing
  readonly name: string
  readonly maxBytesInFlight: number
  /** Sends records one by one. */
  readonly apart: boolean
}

/**
 * Records and checkpoint in one transaction of the transport. Opening it fences the predecessor first and only then
 * reads the checkpoint back, so nothing can be committed between the two: the checkpoint is the truth.
 */
export const exactlyOnceSink = async (options: ExactlyOnceOptions): Promise<Sink> => {
  const { publishing, name, maxBytesInFlight, apart } = options
  const publisher = await publishing.transactionalPublisher({ name, apart })
  const sending = inFlight((records) => publisher.publish(records), maxBytesInFlight)
  return {
    checkpoint: publisher.checkpoint,
    send: (records) => sending.add(records),
    settle: async ({ text }) => {
      await sending.drain()
      failpoint('relay.beforeCommit')
      await publisher.commit(text)
      failpoint('relay.committed')
    },
    close: () => publisher.close(),
  }
}
