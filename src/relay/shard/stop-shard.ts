import { recover } from '../../dead-letter/recover.ts'
import { type Logger, silentLogger } from '../../lifecycle/logger.ts'
import { lead, ownerName } from '../../postgres/lead.ts'
import { checkpointPosition } from '../checkpoint.ts'
import { openSink, type SinkOptions } from '../open-sink.ts'
import { marksOf } from '../quarantine/marks.ts'
import { walPlaceOf } from '../wal/checkpoint.ts'
import { abandonSlot } from '../wal/slot.ts'

/**
 * Waits until nobody leads this relay, fences whoever did, and answers how far it came; nothing when the signal came
 * first. Whoever led it last may be dead or frozen: what it still does after this is refused by the transport.
 */
export const stopShard = async (
  options: SinkOptions & { readonly leaseTtl: number; readonly logger?: Logger },
  signal: AbortSignal,
): Promise<bigint | undefined> => {
  const { database, name, leaseTtl: ttl } = options
  const lease = { database, name: `relay/${name}`, owner: ownerName(), ttl, logger: silentLogger }
  const leadership = await lead(lease, signal, () => undefined)
  if (leadership === undefined) return undefined
  try {
    const sink = await openSink(options, leadership.token)
    const position = checkpointPosition(name, sink.checkpoint)
    const reader = { reader: lease.name, token: leadership.token }
    // What waits is handed over to the next shards as this checkpoint says it is.
    await recover(database, reader, marksOf(sink.checkpoint)).finally(() => sink.close())
    if (leadership.lost.aborted) return undefined
    // Nobody will read its slot again.
    const place = walPlaceOf(name, sink.checkpoint)
    if (place !== undefined) {
      const { logger = silentLogger } = options
      await abandonSlot({ database, slot: place.slot, relay: name, logger })
    }
    return position
  } finally {
    await leadership.release()
  }
}
