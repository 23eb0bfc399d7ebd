import { randomUUID } from 'node:crypto'
import type { OutgoingRecord } from '../../src/message/outgoing-record.ts'
import { fromConnector } from '../../src/outbox/from-connector.ts'
import { outboxReader } from '../../src/outbox/outbox-reader.ts'
import type { Change, ReplicationConnection, ReplicationStream } from '../../src/postgres/replication.ts'
import { recordCheck } from '../../src/transport/record-faults.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { connectorOf, type Golden } from './golden.ts'

/** A database and a stream of everything that is written into it, for one case after the other. */
export interface Replay {
  /** What our router makes of a case, up to the fault that ended it, if any. */
  run(golden: Golden): Promise<{ readonly records: readonly OutgoingRecord[]; readonly fault: unknown }>
  close(): Promise<void>
}

const mark = async ({ database }: TestDatabase): Promise<string> => {
  const prefix = `golden.${randomUUID()}`
  await database.query('select pg_logical_emit_message(true, $1, $2)', [prefix, ''])
  return prefix
}

/** Everything up to a mark. */
const takeUntil = async (stream: ReplicationStream, prefix: string): Promise<readonly Change[]> => {
  const taken: Change[] = []
  const signal = AbortSignal.timeout(20_000)
  const isThere = (change: Change): boolean => change.kind === 'message' && change.prefix === prefix
  while (!taken.some(isThere)) {
    await stream.arrived(signal)
    signal.throwIfAborted()
    taken.push(...stream.take())
  }
  return taken
}

const runStatements = async (fresh: TestDatabase, statements: readonly string[]): Promise<void> => {
  for (const statement of statements) await fresh.database.query(statement)
}

const openStream = async (
  fresh: TestDatabase,
  slot: string,
): Promise<readonly [ReplicationConnection, ReplicationStream]> => {
  const maker = await fresh.database.replicationConnection({ applicationName: 'golden' })
  await maker.createSlot(slot)
  await maker.close()
  const connection = await fresh.database.replicationConnection({ applicationName: 'golden' })
  return [connection, await connection.stream({ slot, publications: ['golden'], messages: true })]
}

export const openReplay = async (): Promise<Replay> => {
  const fresh = await freshDatabase()
  const slot = `golden_${randomUUID().slice(0, 8)}`
  await fresh.database.query('create publication golden for all tables')
  const [connection, stream] = await openStream(fresh, slot)

  const read = async (golden: Golden, changes: readonly Change[]) => {
    const records: OutgoingRecord[] = []
    const check = recordCheck()
    try {
      const outbox = fromConnector(connectorOf(golden))
      const reader = outboxReader({ outbox, database: fresh.database })
      for (const change of changes) {
        const record = await reader.read(change, 0n)
        if (record === undefined) continue
        // What every transport asks before it sends.
        check([record])
        records.push(record)
      }
    } catch (fault) {
      return { records, fault }
    }
    return { records, fault: undefined }
  }

  return {
    run: async (golden) => {
      const setup = ['drop schema public cascade', 'create schema public', ...golden.setup].join('; ')
      await runStatements(fresh, [setup, ...golden.inserts])
      return read(golden, await takeUntil(stream, await mark(fresh)))
    },
    close: async () => {
      await connection.close()
      await fresh.database.query('select pg_drop_replication_slot($1)', [slot])
    },
  }
}
