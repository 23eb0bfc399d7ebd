import { type Health, worstHealth } from '../lifecycle/health.ts'
import { silentLogger } from '../lifecycle/logger.ts'
import { type Loop, loop, type Report, stopAll } from '../lifecycle/loop.ts'
import { pause } from '../lifecycle/pause.ts'
import { type Relay, type RelayOptions, relay } from './relay.ts'
import { fallsTo, firstPosition, shardName, type Topology } from './shard.ts'
import type { Part, RelaySource } from './source.ts'
import { stopShard } from './stop-shard.ts'
import { activate, foundTopology, readTopology, recordStop } from './topology.ts'

export interface ShardedRelayOptions extends Omit<RelayOptions, 'source' | 'shard' | 'mayLead'> {
  /** How many shards a new relay gets; default 1. Later `divideRelay` changes it, for all instances at once. */
  readonly shards?: number
  /** A source that hands on one part of the log. */
  readonly sourceOf: (part: Part) => RelaySource
  /** Milliseconds between looks for a change of the number of shards. Default 5,000. */
  readonly watchEvery?: number
}

type Found = Exclude<Awaited<ReturnType<typeof readTopology>>, undefined>

/** Instances that start together begin with different shards, so that each comes to lead some. */
const stagger = 200

/** As well as its shards: one that leads somewhere else is no worse than one that leads here. */
const healthOf = (manager: Loop, children: readonly Relay[]): Health => {
  const parts = children.map((child) => child.health())
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
  const { name, database, leaseTtl = 5000, watchEvery = 5000, logger = silentLogger } = options
  const { shards: wanted = 1, delivery = 'exactly-once' } = options
  let children: readonly Relay[] = []

  const find = async (): Promise<Found> => {
    for (;;) {
      const found = await readTopology(database, name)
      if (found !== undefined) return found
      await foundTopology(database, name, wanted)
    }
  }

  const isCurrent = async ({ generation }: Topology): Promise<boolean> =>
    (await find()).now.generation === generation

  const child = (topology: Topology, index: number): Relay =>
    relay({
      ...options,
      name: shardName(name, topology, index),
      shard: { index, of: topology.shards },
      source: options.sourceOf({ keeps: fallsTo(topology, index), from: firstPosition(topology) }),
      // The number may have been changed after this instance looked, and another have stopped this shard for good.
      mayLead: () => isCurrent(topology),
    })

  /** Every instance tries: the lease lets one at a time do it, and the first report stands. */
  const stopBefore = async ({ now, before }: Found, signal: AbortSignal): Promise<void> => {
    if (before === undefined) return
    const left = now.stoppedAt.flatMap((position, index) => (position === undefined ? [index] : []))
    await Promise.all(
      left.map(async (index) => {
        const shard = { ...options, name: shardName(name, before, index), leaseTtl }
        const position = await stopShard(shard, signal)
        if (position !== undefined) await recordStop(database, name, now, index, position)
      }),
    )
    const { now: stopped } = await find()
    if (signal.aborted || stopped.generation !== now.generation) return
    await activate(database, name, stopped, { before, delivery })
    logger.info({ relay: name, shards: now.shards, from: before.shards }, 'the relay was divided anew')
  }

  const startChildren = (topology: Topology, signal: AbortSignal): void => {
    const { shards } = topology
    const first = Math.floor(Math.random() * shards)
    children = Array.from({ length: shards }, (_, index) => child(topology, index))
    children.forEach((one, index) => {
      const turn = (index - first + shards) % shards
      void pause(turn * stagger, signal).then(() => {
        if (!signal.aborted) one.start()
      })
    })
  }

  const whileCurrent = async (topology: Topology, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await pause(watchEvery, signal)
      // The shards have their own ways to deal with a database that is away.
      const current = signal.aborted || (await isCurrent(topology).catch(() => true))
      if (!current) return
    }
  }

  const run = async (signal: AbortSignal, report: Report): Promise<void> => {
    const found = await find()
    if (!found.now.active) {
      report('starting', `changing to ${found.now.shards} shards`)
      return stopBefore(found, signal)
    }
    if (found.now.shards !== wanted && options.shards !== undefined) {
      logger.warn(
        { relay: name, configured: wanted, shards: found.now.shards },
        'the database says otherwise',
      )
    }
    startChildren(found.now, signal)
    try {
      await Promise.race([children[0]?.settled, pause(leaseTtl, signal)])
      report('up')
      await whileCurrent(found.now, signal)
    } finally {
      const stopping = children
      await stopAll(stopping, { drain: 20_000 })
      children = []
    }
  }

  const manager: Loop = loop({ name: `relay ${name}`, run, logger })
  return {
    ...manager,
    health: () => healthOf(manager, children),
    poke: () => {
      for (const one of children) one.poke()
    },
  }
}
