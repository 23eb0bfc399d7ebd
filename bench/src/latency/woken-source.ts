// The log read as a table, woken by the write-ahead log: the third way, measured to be decided on (ADR 19).
import type { Database } from '../../../src/postgres/database.ts'
import { ensurePublication } from '../../../src/postgres/publication.ts'
import type { ReplicationStream } from '../../../src/postgres/replication.ts'
import type { RelaySource } from '../../../src/relay/source.ts'
import { eventColumns } from '../../../src/relay/wal/event.ts'

/** Wakes for every commit, and reads nothing of what arrives. */
const wake = async (stream: ReplicationStream, poke: () => void, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await stream.arrived(signal)
    for (const change of stream.take()) {
      if (change.kind !== 'commit' && change.kind !== 'keepalive') continue
      stream.acknowledge(change.end)
      if (change.kind === 'commit') poke()
    }
  }
}

export const wokenSource = (database: Database, table: RelaySource): RelaySource => ({
  ...table,
  open: async (context) => {
    const { schema } = database
    const names = { publication: `${schema}_wake`, slot: `wake_${schema}` }
    await ensurePublication(database, {
      publication: names.publication,
      schema,
      table: 'events',
      columns: eventColumns,
    })
    const connection = await database.replicationConnection({ applicationName: 'wake' })
    await connection.createSlot(names.slot)
    const stream = await connection.stream({ slot: names.slot, publications: [names.publication] })
    const ended = new AbortController()
    const waking = wake(stream, table.poke, ended.signal).catch(() => undefined)
    const source = await table.open(context)
    return {
      ...source,
      close: async () => {
        ended.abort()
        await waking
        await connection.close()
        await source.close()
      },
    }
  },
})
