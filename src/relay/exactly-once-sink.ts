import { failpoint } from '../lifecycle/failpoint.ts'
import type { Publishing } from '../transport/publisher.ts'
import { checkpointText, readCheckpointText } from './checkpoint.ts'
import { inFlight } from './in-flight.ts'
import type { Sink } from './sink.ts'

/**
 * Records and checkpoint in one transaction of the transport. Opening it fences the predecessor first and only then
 * reads the checkpoint back, so nothing can be committed between the two: the checkpoint is the truth.
 */
export const exactlyOnceSink = async (
  publishing: Publishing,
  name: string,
  maxBytesInFlight: number,
): Promise<Sink> => {
  const publisher = await publishing.transactionalPublisher({ name })
  const sending = inFlight((records) => publisher.publish(records), maxBytesInFlight)
  try {
    const position = readCheckpointText(name, publisher.checkpoint)
    return {
      position,
      send: (records) => sending.add(records),
      settle: async (settled) => {
        await sending.drain()
        failpoint('relay.beforeCommit')
        await publisher.commit(checkpointText(settled))
        failpoint('relay.committed')
      },
      close: () => publisher.close(),
    }
  } catch (error) {
    await publisher.close()
    throw error
  }
}
