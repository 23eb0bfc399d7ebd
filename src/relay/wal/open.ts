import { OnewriteError } from '../../error/onewrite-error.ts'
import { lastPosition } from '../../log/last-position.ts'
import type { ReadLimits } from '../../log/ordered-reader.ts'
import type { OutgoingRecord } from '../../message/outgoing-record.ts'
import type { RawEvent } from '../../message/raw-event.ts'
import type { Database, RawConnection } from '../../postgres/database.ts'
import { ensurePublication, publicationMark } from '../../postgres/publication.ts'
import type { CreatedSlot, ReplicationConnection } from '../../postgres/replication.ts'
import { checkSlotOwner, dropSlot } from '../../postgres/slot.ts'
import { checkWalReadiness, readWalReadiness } from '../../postgres/wal-readiness.ts'
import { checkpointPosition } from '../checkpoint.ts'
import type { Part, RelaySource, Source, SourceContext } from '../source.ts'
import { type WalBudget, watchBudget } from './budget.ts'
import { type Leftover, leftoverCheckpoint, leftoverOf, type Refill, walPlaceOf } from './checkpoint.ts'
import { enterWal } from './entry.ts'
import { eventColumns } from './event.ts'
import { type Found, lossOf } from './loss.ts'
import { readWal } from './reader.ts'
import { beginRefill, findRefill, finishRefill } from './refills.ts'
import { abandonSlot, applicationOf, freeSlot } from './slot.ts'

export interface OpenWal {
  readonly database: Database
  readonly slot: string
  readonly publication: string
  readonly table: RelaySource
  readonly encode: (event: RawEvent) => OutgoingRecord
  readonly part: Part
  readonly limits: ReadLimits
  readonly budget: WalBudget
  readonly context: SourceContext
}

interface Connections {
  readonly raw: RawConnection
  readonly replication: ReplicationConnection
  readonly identity: Found & { readonly publication: string }
}

const published = ({ database, publication }: Pick<OpenWal, 'database' | 'publication'>) => ({
  publication,
  schema: database.schema,
  table: 'events',
  columns: eventColumns,
})

/** @throws WAL_LEVEL_TOO_LOW, REPLICATION_DENIED, TABLE_MISSING, PUBLICATION_MISSING, PUBLICATION_INCOMPLETE */
export const checkWal = async ({
  database,
  publication,
}: Pick<OpenWal, 'database' | 'publication'>): Promise<void> => {
  checkWalReadiness(database, await readWalReadiness(database))
  await ensurePublication(database, published({ database, publication }))
}

const connect = async (open: OpenWal): Promise<Connections> => {
  const options = { applicationName: applicationOf(open.context.name) }
  const replication = await open.database.replicationConnection(options)
  try {
    const identity = await replication.identify()
    const raw = await open.database.rawConnection(options)
    const publication = await publicationMark(raw, published(open))
    return { raw, replication, identity: { ...identity, publication } }
  } catch (error) {
    await replication.close()
    throw error
  }
}

const disconnect = async ({ raw, replication }: Connections): Promise<void> => {
  await Promise.all([raw.close(), replication.close()])
}

/** Streams from a slot that stands. Everything is closed with the source. */
const streamFrom = async (
  open: OpenWal,
  connections: Connections,
  lsn: bigint,
  from: bigint,
  leftover: Leftover,
): Promise<Source> => {
  const { database, slot, publication, encode, part, limits, budget, context } = open
  const { name, logger } = context
  const { raw: connection, replication, identity } = connections
  const { systemId: system, timeline } = identity
  const check = async (): Promise<void> => {
    if ((await publicationMark(connection, published(open))) === identity.publication) return
    throw new OnewriteError('PUBLICATION_CHANGED', { publication })
  }
  const stream = await replication.stream({ slot, publications: [publication] })
  const place = { lsn, system, timeline, slot, publication: identity.publication }
  const { schema } = database
  const reading = { name, stream, connection, schema, place, from, leftover, encode, part, limits, check }
  const source = readWal(reading)
  let spent: bigint | undefined
  const give = (retained: bigint): void => {
    spent = retained
    void replication
      .close()
      .then(() => dropSlot(database, slot))
      .catch((error: unknown) => logger.error({ slot, error: String(error) }, 'the slot cannot be dropped'))
  }
  const unwatch = watchBudget({ database, slot, budget, logger }, give)
  return {
    ...source,
    next: () => {
      if (spent === undefined) return source.next()
      const parameters = { slot, retained: spent, budget: budget.bytes }
      return Promise.reject(new OnewriteError('WAL_BUDGET_SPENT', parameters))
    },
    close: async () => {
      unwatch()
      await source.close()
      await disconnect(connections)
    },
  }
}

/** Reads the table from a checkpoint, and enters the write-ahead log from there. */
const enterFrom = async (open: OpenWal, connections: Connections, text: string): Promise<Source> => {
  const { database, slot, table, encode, part, limits, context } = open
  const { name, signal, logger } = context
  const { raw, replication } = connections
  const { schema } = database
  const position = checkpointPosition(name, text)
  const makeSlot = async (): Promise<CreatedSlot> => {
    const use = { database, slot, application: applicationOf(open.context.name), signal, logger }
    // One that is there is of no use: nobody knows what has left by it.
    if ((await freeSlot(use)) !== undefined) await dropSlot(database, slot)
    return replication.createSlot(slot)
  }
  const filled = (refill: Refill, { consistentPoint }: CreatedSlot): void => {
    const fields = { relay: name, from: String(refill.from), to: String(refill.to), events: refill.events }
    logger.warn(fields, 'the refill is complete; the relay reads the write-ahead log again')
    void finishRefill(database, refill, consistentPoint).catch((error: unknown) => {
      logger.warn({ relay: name, error: String(error) }, 'the end of the refill could not be written down')
    })
  }
  const source = enterWal({
    name,
    table: await table.open({ ...context, checkpoint: text }),
    checkpoint: leftoverCheckpoint(position, leftoverOf(text)),
    connection: raw,
    schema,
    encode,
    part,
    limits,
    makeSlot,
    readOn: (made, from, leftover) => streamFrom(open, connections, made.consistentPoint, from, leftover),
    filled,
  })
  return {
    ...source,
    close: async () => {
      await source.close()
      await disconnect(connections)
    },
  }
}

/**
 * Writes a new loss down and refuses to go on, so that it is seen; the next attempt finds it written down and fills in
 * what had not left.
 *
 * @throws POSITION_LOST
 */
const refillCheckpoint = async (
  open: OpenWal,
  text: string,
  lsn: bigint,
  reason: string,
): Promise<string> => {
  const { database, context } = open
  const { name, logger } = context
  const from = checkpointPosition(name, text)
  const refill = await findRefill(database, name, lsn)
  if (refill !== undefined) return leftoverCheckpoint(from, { ...leftoverOf(text), refill }).text
  const to = await lastPosition(database)
  if (to < from) throw new OnewriteError('CHECKPOINT_AHEAD', { name, checkpoint: from, end: to })
  await beginRefill(database, { relay: name, reason, from, to, lsn })
  const fields = { relay: name, reason, from: String(from), to: String(to) }
  logger.error(fields, 'the position in the write-ahead log is lost; what had not left is filled in')
  throw new OnewriteError('POSITION_LOST', { name, reason, from, to })
}

const openOn = async (open: OpenWal, connections: Connections): Promise<Source> => {
  const { database, slot, context, part } = open
  const { name, checkpoint, signal, logger } = context
  const state = await freeSlot({
    database,
    slot,
    application: applicationOf(open.context.name),
    signal,
    logger,
  })
  if (state !== undefined) await checkSlotOwner(database, state)
  const place = walPlaceOf(name, checkpoint)
  if (checkpoint === undefined || place === undefined) {
    const text = checkpoint ?? leftoverCheckpoint(part.from, leftoverOf(undefined)).text
    return enterFrom(open, connections, text)
  }
  if (place.slot !== slot) await abandonSlot({ database, slot: place.slot, relay: name, logger })
  const moved = place.slot === slot ? undefined : `slot ${slot} is used instead of ${place.slot}`
  const loss = moved ?? lossOf(place, connections.identity, state)
  if (loss === undefined) {
    const from = checkpointPosition(name, checkpoint)
    return streamFrom(open, connections, place.lsn, from, leftoverOf(checkpoint))
  }
  return enterFrom(open, connections, await refillCheckpoint(open, checkpoint, place.lsn, loss))
}

/**
 * Opens the write-ahead log where the checkpoint stands, or by way of the table where it does not stand in the log.
 *
 * @throws POSITION_LOST once for every loss
 */
export const openWal = async (open: OpenWal): Promise<Source> => {
  await checkWal(open)
  const connections = await connect(open)
  try {
    return await openOn(open, connections)
  } catch (error) {
    await disconnect(connections)
    throw error
  }
}
