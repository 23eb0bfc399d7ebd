import { type Connect, startConnect } from '../../../stack/src/connect.ts'
import type { ConnectSettings } from '../../../stack/src/connect-rest.ts'
import { debeziumSettings, eventRouter } from '../../../stack/src/debezium.ts'
import { until } from '../../../stack/src/until.ts'
import { routerOptions } from './open-relay.ts'
import type { OutboxTable } from './outbox-table.ts'

export type Tuning = 'default' | 'tuned'

/** Beyond what the documentation's example sets. */
const connectorTuning: Readonly<Record<Tuning, ConnectSettings>> = {
  default: {},
  tuned: {
    'poll.interval.ms': 5,
    'max.batch.size': 16_384,
    'max.queue.size': 65_536,
    // The relay writes no such headers either, so the records of both are the same bytes.
    'extended.headers.enabled': false,
  },
}

const workerTuning: Readonly<Record<Tuning, ConnectSettings>> = {
  default: {},
  tuned: {
    'producer.linger.ms': 5,
    'producer.batch.size': 262_144,
    'producer.compression.type': 'lz4',
  },
}

const settingsText = (settings: ConnectSettings): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')

/** What the conditions of a run say. */
export const debeziumText = (tuning: Tuning): string =>
  settingsText({ ...connectorTuning[tuning], ...workerTuning[tuning] }) || 'all defaults'

export interface Debezium {
  readonly tuning: Tuning
  readonly connect: Connect
  /** Starts a connector on the outbox table from now on; all its records go to one topic. */
  open(name: string, topic: string): Promise<void>
  /** Ends its task; its slot goes on keeping what is written. */
  pause(name: string): Promise<void>
  resume(name: string): Promise<void>
  /** Ends it for good, and gives its slot back. */
  close(name: string): Promise<void>
  stop(): Promise<void>
}

const timeout = 60_000

const prefixed = (options: ConnectSettings): ConnectSettings =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [`transforms.outbox.${name}`, value]))

/** A JVM of its own for each tuning, which lives for the whole run: no connector starts on a cold one. */
export const startDebezium = async (
  tuning: Tuning,
  { brokers, databaseUrl }: { readonly brokers: string; readonly databaseUrl: string },
  table: OutboxTable,
): Promise<Debezium> => {
  const connect = await startConnect({ brokers, worker: workerTuning[tuning] })
  const slotIs = async (slot: string, active: boolean): Promise<void> => {
    const settled = async (): Promise<boolean> => (await table.slotActive(slot)) === active
    if (!(await until(settled, timeout))) throw new Error(`slot ${slot}: not ${active ? '' : 'in'}active`)
  }
  return {
    tuning,
    connect,
    open: async (name, topic) => {
      await connect.add(name, {
        ...debeziumSettings({ databaseUrl, slot: name, tables: 'public.outbox' }),
        transforms: 'outbox',
        'transforms.outbox.type': eventRouter,
        ...prefixed(routerOptions(topic)),
        ...connectorTuning[tuning],
      })
      await slotIs(name, true)
    },
    pause: async (name) => {
      await connect.pause(name)
      await slotIs(name, false)
    },
    resume: (name) => connect.resume(name),
    close: async (name) => {
      await connect.remove(name)
      await slotIs(name, false)
      await table.dropSlot(name)
    },
    stop: () => connect.stop(),
  }
}
