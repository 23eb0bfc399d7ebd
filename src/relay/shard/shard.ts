import { partitionFor } from '../../message/partition.ts'
import type { RawEvent } from '../../message/raw-event.ts'

/** How a relay is divided: all its shards read the log, each publishes the keys that fall to it. */
export interface Topology {
  /** Grows by one each time the number of shards is changed. */
  readonly generation: number
  readonly shards: number
  /**
   * Where each shard of the generation before stopped for good, in the order of their numbers; empty where there is
   * none before. A shard that has not stopped yet is undefined.
   */
  readonly stoppedAt: readonly (bigint | undefined)[]
  /** Whether its shards may publish: all shards of the generation before have stopped. */
  readonly active: boolean
}

/**
 * Name of one shard's lease, checkpoint and producer. A generation never uses the names of another, so nothing that is
 * left of one can be taken for the other's. The first one, undivided, has the relay's own name.
 */
export const shardName = (relay: string, { generation, shards }: Topology, index: number): string =>
  generation === 1 && shards === 1 ? relay : `${relay}.${generation}.${index}`

/** Everything up to here was published by the generation before; 0 where there is none. */
export const firstPosition = ({ stoppedAt }: Topology): bigint => {
  let first: bigint | undefined
  for (const at of stoppedAt) if (at !== undefined && (first === undefined || at < first)) first = at
  return first ?? 0n
}

/**
 * Whether an event is for this shard to publish. Shards of the generation before stopped at different positions: what a
 * key's shard had published by then is not published again.
 */
export const fallsTo = (topology: Topology, index: number): ((event: RawEvent) => boolean) => {
  const { shards, stoppedAt } = topology
  const before = stoppedAt.length
  const settled = stoppedAt.reduce<bigint>((most, at) => (at !== undefined && at > most ? at : most), 0n)
  return ({ aggregateId, position }) => {
    if (shards > 1 && partitionFor(aggregateId, shards) !== index) return false
    const at = BigInt(position)
    if (before === 0 || at > settled) return true
    return at > (stoppedAt[before === 1 ? 0 : partitionFor(aggregateId, before)] ?? 0n)
  }
}
