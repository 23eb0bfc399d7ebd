import { afterEach } from 'vitest'
import type { Database } from '../../src/postgres/database.ts'
import type { Change, ReplicationConnection, ReplicationStream } from '../../src/postgres/replication.ts'

const opened: ReplicationConnection[] = []

afterEach(async () => {
  for (const connection of opened.splice(0)) await connection.close()
})

/** Closed after the test. */
export const connectReplication = async (
  database: Database,
  applicationName = 'test',
): Promise<ReplicationConnection> => {
  const connection = await database.replicationConnection({ applicationName })
  opened.push(connection)
  return connection
}

let slots = 0
/** Slots of all databases share their names. */
export const freshSlot = (): string => `test_${process.pid}_${++slots}`

/** A slot with nothing to stream yet. */
export const createSlot = async (database: Database): Promise<string> => {
  const slot = freshSlot()
  const maker = await connectReplication(database)
  await maker.createSlot(slot)
  await maker.close()
  return slot
}

export const isOf =
  <Kind extends Change['kind']>(kind: Kind) =>
  (change: Change): change is Extract<Change, { kind: Kind }> =>
    change.kind === kind

/** Takes until so many transactions were committed that hold something: before PostgreSQL 15 empty ones arrive, too. */
export const collect = async (stream: ReplicationStream, commits: number): Promise<readonly Change[]> => {
  const changes: Change[] = []
  const signal = AbortSignal.timeout(8000)
  const isEmpty = (change: Change | undefined, next: Change | undefined) =>
    change?.kind === 'begin' && next?.kind === 'commit'
  const filled = (): readonly Change[] =>
    changes
      .filter((change) => change.kind !== 'keepalive')
      .filter((change, at, all) => !isEmpty(change, all[at + 1]) && !isEmpty(all[at - 1], change))
  while (filled().filter(isOf('commit')).length < commits && !signal.aborted) {
    await stream.arrived(signal)
    changes.push(...stream.take())
  }
  return filled()
}

export const valuesOf = (changes: readonly Change[]) =>
  changes.filter(isOf('insert')).map(({ values }) => values)
