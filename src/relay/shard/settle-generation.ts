import { silentLogger } from '../../lifecycle/logger.ts'
import type { RelayOptions } from '../relay.ts'
import { shardName, type Topology } from './shard.ts'
import { stopShard } from './stop-shard.ts'
import { activate, foundTopology, readTopology, recordStop } from './topology.ts'

export type Found = Exclude<Awaited<ReturnType<typeof readTopology>>, undefined>

export type GenerationOptions = Omit<RelayOptions, 'source'> & { readonly shards?: number }

/** How the relay is divided; a new one is founded as configured. */
export const findTopology = async ({ database, name, shards = 1 }: GenerationOptions): Promise<Found> => {
  for (;;) {
    const found = await readTopology(database, name)
    if (found !== undefined) return found
    await foundTopology(database, name, shards)
  }
}

const stopBefore = async (
  options: GenerationOptions,
  { now, before }: { readonly now: Topology; readonly before: Topology },
  signal: AbortSignal,
): Promise<void> => {
  const { name, database, leaseTtl = 5000 } = options
  const left = now.stoppedAt.flatMap((position, index) => (position === undefined ? [index] : []))
  await Promise.all(
    left.map(async (index) => {
      const shard = { ...options, name: shardName(name, before, index), leaseTtl }
      const position = await stopShard(shard, signal)
      if (position !== undefined) await recordStop(database, name, now, index, position)
    }),
  )
}

/**
 * Sees to it that the shards of the generation before have stopped for good, and lets the new ones begin. Every
 * instance tries: the lease of a shard lets one at a time do it, and the first report stands.
 */
export const settleGeneration = async (
  options: GenerationOptions,
  { now, before }: Found,
  signal: AbortSignal,
): Promise<void> => {
  if (before === undefined) return
  const { name, database, delivery = 'exactly-once', logger = silentLogger } = options
  await stopBefore(options, { now, before }, signal)
  const { now: stopped } = await findTopology(options)
  if (signal.aborted || stopped.generation !== now.generation) return
  await activate(database, name, stopped, { before, delivery })
  logger.info({ relay: name, shards: now.shards, from: before.shards }, 'the relay was divided anew')
}
