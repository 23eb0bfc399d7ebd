import { formatLsn } from '../../postgres/lsn.ts'
import type { SystemIdentity } from '../../postgres/replication.ts'
import type { SlotState } from '../../postgres/slot.ts'
import type { WalPlace } from './checkpoint.ts'

export interface Found extends SystemIdentity {
  /** Mark of the publication, where the reader compares it. */
  readonly publication?: string
}

/**
 * Why the write-ahead log cannot be read on from a checkpoint; undefined where it can.
 *
 * The slot never stands behind what it was told, and it is told of nothing that no checkpoint says. So a slot that
 * stands beyond the checkpoint was moved by somebody else, or is another one of the same name.
 */
export const lossOf = (
  place: WalPlace,
  { systemId, timeline, flushed, publication }: Found,
  slot: SlotState | undefined,
): string | undefined => {
  if (publication !== place.publication) {
    return 'the publication was dropped, created anew or altered'
  }
  if (systemId !== place.system) {
    return `the server is another one (system identifier ${systemId}, was ${place.system})`
  }
  if (timeline !== place.timeline) {
    return `the server is on timeline ${timeline}, was ${place.timeline}: a failover or a restore`
  }
  if (flushed < place.lsn) {
    return `the write-ahead log ends at ${formatLsn(flushed)}, before the checkpoint at ${formatLsn(place.lsn)}`
  }
  if (slot === undefined) return `slot ${place.slot} does not exist`
  if (slot.walStatus === 'lost' || slot.invalidation !== undefined) {
    return `slot ${place.slot} was invalidated (${slot.invalidation ?? 'wal_removed'})`
  }
  if (slot.confirmed > place.lsn) {
    const moved = `stands at ${formatLsn(slot.confirmed)}, beyond the checkpoint at ${formatLsn(place.lsn)}`
    return `slot ${place.slot} ${moved}: it was recreated or advanced`
  }
  return undefined
}
