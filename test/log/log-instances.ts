import { append } from '../../src/log/append.ts'
import { type LogSubscribing, logSubscribing } from '../../src/log/subscribe.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { placed } from '../support/order-placed.ts'
import { tcpProxy } from '../support/tcp-proxy.ts'
import { encode, leaseTtl } from './encode-events.ts'

export interface LogInstance extends LogSubscribing {
  /** Cuts it off from PostgreSQL: nothing is refused, nothing arrives. */
  silence(): void
}

export interface LogInstances {
  readonly fresh: TestDatabase
  /** As another process has it: its own connections. */
  open(): Promise<LogInstance>
  /** One event of each order. */
  place(...orders: readonly string[]): Promise<void>
  close(): Promise<void>
}

export const logInstances = async (): Promise<LogInstances> => {
  const fresh = await freshDatabase()
  const closers: (() => Promise<void>)[] = []
  return {
    fresh,
    open: async () => {
      const proxy = await tcpProxy({ host: '127.0.0.1', port: Number(new URL(fresh.url).port) })
      const database = pgDatabase({ url: proxy.through(fresh.url), max: 4 })
      const log = logSubscribing({ database, encode, leaseTtl })
      closers.push(async () => {
        // What was silenced could not end otherwise.
        if (silenced) await proxy.close()
        await log.stop({ drain: 30_000 })
        await database.close()
        if (!silenced) await proxy.close()
      })
      let silenced = false
      const silence = (): void => {
        silenced = true
        proxy.blackhole()
      }
      return { ...log, silence }
    },
    place: async (...orders) => {
      await fresh.database.transaction((tx) => append(tx, placed(...orders)))
    },
    close: async () => {
      await Promise.all(closers.map((close) => close()))
      await fresh.close()
    },
  }
}

export const orders = (count: number, prefix = 'order'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`)
