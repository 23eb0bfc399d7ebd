import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import type { Dice } from './seed.ts'
import type { Servers } from './servers.ts'

/** What happens to the servers while a relay works. `walsender` and `slot` need a relay that reads the write-ahead log. */
export const serverFaults = ['postgres', 'broker', 'walsender', 'slot'] as const

export type ServerFault = (typeof serverFaults)[number]

const slotsSql = `
  select slot from onewrite.relays r join onewrite.checkpoints c on c.name = 'relay/' || r.name
  where r.name = $1 and c.state::json ->> 'source' = 'wal'`

const terminateSql = `
  select pg_terminate_backend(active_pid) as done
  from pg_replication_slots where slot_name = $1 and active_pid is not null`

const dropSql = 'select pg_drop_replication_slot($1)'

/** Resolves with the slot of a relay once its checkpoint stands in the write-ahead log. */
export const readsWal = async (database: Database, relay: string): Promise<string> => {
  const find = async (): Promise<string | undefined> =>
    (await database.query<{ slot: string }>(slotsSql, [relay])).rows[0]?.slot
  await expect.poll(find, { timeout: 60_000, interval: 20 }).toBeDefined()
  return (await find()) ?? ''
}

const terminated = async (database: Database, slot: string): Promise<boolean> =>
  (await database.query<{ done: boolean }>(terminateSql, [slot])).rows.some(({ done }) => done)

/** Ends the server's half of the replication connection; the relay has to connect anew. */
export const killWalsender = async (database: Database, relay: string): Promise<void> => {
  const slot = await readsWal(database, relay)
  await expect.poll(() => terminated(database, slot), { timeout: 20_000, interval: 20 }).toBe(true)
}

/** Drops the slot under a relay that uses it, however fast that comes back: the position is lost. */
export const dropSlot = async (database: Database, relay: string): Promise<void> => {
  const slot = await readsWal(database, relay)
  const dropped = async (): Promise<boolean> => {
    await terminated(database, slot)
    return database.query(dropSql, [slot]).then(
      () => true,
      () => false,
    )
  }
  await expect.poll(dropped, { timeout: 20_000, interval: 5 }).toBe(true)
}

/**
 * PostgreSQL is killed. The broker is stopped in an orderly way: a lone Kafka 4.3.1 that is killed between the decision
 * of a transaction and its markers can leave it open for ever (KAFKA-20734), and then nobody can read past it.
 */
export const strike = async (
  { postgres, kafka, database }: Servers,
  relay: string,
  fault: ServerFault,
  random: Dice,
): Promise<void> => {
  const away = random.between(0, 500)
  if (fault === 'walsender') return killWalsender(database, relay)
  if (fault === 'slot') return dropSlot(database, relay)
  if (fault === 'postgres') {
    await postgres.kill()
    await wait(away)
    await postgres.start()
  } else {
    await takeAway(kafka, away)
  }
}

/** For so many milliseconds nobody reaches the broker. */
export const takeAway = async (kafka: Servers['kafka'], away: number): Promise<void> => {
  await kafka.stop()
  await wait(away)
  await kafka.start()
}
