import { OnewriteError } from '../../error/onewrite-error.ts'
import { type Health, worstHealth } from '../../lifecycle/health.ts'
import { silentLogger } from '../../lifecycle/logger.ts'
import { type Loop, loop, type Report, stopAll } from '../../lifecycle/loop.ts'
import { pause } from '../../lifecycle/pause.ts'
import { type Relay, type RelayOptions, relay } from '../relay.ts'
import type { Part, RelaySource } from '../source.ts'
import { findTopology, settleGeneration } from './settle-generation.ts'
import { fallsTo, firstPosition, shardName, type Topology } from './shard.ts'

export interface ShardedRelayOptions extends Omit<RelayOptions, 'source' | 'shard' | 'mayLead'> {
  /** How many shards a new relay gets; default 1. Later `divideRelay` changes it, for all instances at once. */
  readonly shards?: number
  /** A source that hands on one part of the log. */
  readonly sourceOf: (part: Part) => RelaySource
  /** Whether the source can be read in parts by several relays. Default true. */
  readonly divisible?: boolean
  /** Milliseconds between looks for a change of the number of shards. Default 5,000. */
  readonly watchEvery?: number
}

/** Instances that start together begin with different shards, so that each comes to lead some. */
const stagger = 200

const isCurrent = async (options: ShardedRelayOptions, { generation }: Topology): Promise<boolean> =>
  (await findTopology(options)).now.generation === generation

const shardOf = (options: ShardedRelayOptions, topology: Topology, index: number): Relay =>
  relay({
    ...options,
    name: shardName(options.name, topology, index),
    shard: { index, of: topology.shards },
    source: options.sourceOf({ keeps: fallsTo(topology, index), from: firstPosition(topology) }),
    // The number may have been changed after this instance looked, and another have stopped this shard for good.
    mayLead: () => isCurrent(options, topology),
  })

const startInTurn = (shards: readonly Relay[], signal: AbortSignal): void => {
  const first = Math.floor(Math.random() * shards.length)
  shards.forEach((shard, index) => {
    const turn = (index - first + shards.length) % shards.length
    void pause(turn * stagger, signal).then(() => {
      if (!signal.aborted) shard.start()
    })
  })
}

const whileCurrent = async (options: ShardedRelayOptions, topology: Topology, signal: AbortSignal) => {
  while (!signal.aborted) {
    await pause(options.watchEvery ?? 5000, signal)
    // The shards have their own ways to deal with a database that is away.
    const current = signal.aborted || (await isCurrent(options, topology).catch(() => true))
    if (!current) return
  }
}

/** As well as its shards: one that leads somewhere else is no worse than one that leads here. */
const healthOf = (manager: Loop, shards: readonly Relay[]): Health => {
  const parts = shards.map((shard) => shard.health())
  const here = parts.filter(({ state }) => state !== 'standby')
  const { state, reason } = worstHealth(here.length > 0 ? here : parts) ?? manager.health()
  return reason === undefined ? { name: manager.name, state } : { name: manager.name, state, reason }
}

/**
 * One log, published by several relays, each with its own lease, checkpoint and producer: `shards` of them lead, on one
 * instance or on many. An event belongs to the shard of its key, so the order of each key stays; the events of one
 * action are published together only where they fall to one shard.
 */
export const shardedRelay = (options: ShardedRelayOptions): Relay => {
  const { name, leaseTtl = 5000, logger = silentLogger } = options
  let shards: readonly Relay[] = []

  const lead = async (topology: Topology, signal: AbortSignal, report: Report): Promise<void> => {
    shards = Array.from({ length: topology.shards }, (_, index) => shardOf(options, topology, index))
    startInTurn(shards, signal)
    try {
      await Promise.race([shards[0]?.settled, pause(leaseTtl, signal)])
      report('up')
      await whileCurrent(options, topology, signal)
    } finally {
      await stopAll(shards, { drain: 20_000 }).finally(() => {
        shards = []
      })
    }
  }

  const run = async (signal: AbortSignal, report: Report): Promise<void> => {
    const found = await findTopology(options)
    const { now } = found
    if (!now.active) {
      report('starting', `changing to ${now.shards} shards`)
      return settleGeneration(options, found, signal)
    }
    if (options.shards !== undefined && now.shards !== options.shards) {
      const fields = { relay: name, configured: options.shards, shards: now.shards }
      logger.warn(fields, 'the number of shards is kept in the database; onewrite relay shards changes it')
    }
    if (options.divisible === false && now.shards > 1) {
      const faults = `relay ${name} has ${now.shards} shards, and the write-ahead log is read by one; first run onewrite relay shards ${name} 1 with source table`
      throw new OnewriteError('INVALID_CONFIG', { faults })
    }
    await lead(now, signal, report)
  }

  const manager: Loop = loop({ name: `relay ${name}`, run, logger })
  return {
    ...manager,
    health: () => healthOf(manager, shards),
    poke: () => {
      for (const shard of shards) shard.poke()
    },
  }
}
