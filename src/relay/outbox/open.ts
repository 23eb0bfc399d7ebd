import { OnewriteError } from '../../error/onewrite-error.ts'
import type { ReadLimits } from '../../log/ordered-reader.ts'
import { checkOutbox } from '../../outbox/check-outbox.ts'
import { type Outbox, outboxName, outboxReader } from '../../outbox/outbox-reader.ts'
import type { Database, RawConnection } from '../../postgres/database.ts'
import { formatLsn } from '../../postgres/lsn.ts'
import type { CreatedSlot, ReplicationConnection, SystemIdentity } from '../../postgres/replication.ts'
import { checkSlotOwner, dropSlot, type SlotState } from '../../postgres/slot.ts'
import { checkWalReadiness, readWalReadiness } from '../../postgres/wal-readiness.ts'
import type { Source, SourceContext } from '../source.ts'
import { type WalBudget, watchBudget } from '../wal/budget.ts'
import type { WalPlace } from '../wal/checkpoint.ts'
import { lossOf } from '../wal/loss.ts'
import { freeSlot } from '../wal/slot.ts'
import { outboxPlaceOf } from './checkpoint.ts'
import { refillOutbox } from './refill.ts'
import { streamOutbox } from './stream.ts'

export interface OpenOutbox {
  readonly outbox: Outbox
  readonly database: Database
  readonly slot: string
  readonly publication: string
  readonly limits: ReadLimits
  readonly budget: WalBudget
  readonly context: SourceContext
}

interface Connections {
  /** Tells when the server takes leave; also reads what has to be filled in. */
  readonly raw: RawConnection
  readonly replication: ReplicationConnection
  readonly identity: SystemIdentity
}

const connect = async ({ database, context }: OpenOutbox): Promise<Connections> => {
  const options = { applicationName: `onewrite relay ${context.name}` }
  const replication = await database.replicationConnection(options)
  try {
    const identity = await replication.identify()
    const raw = await database.rawConnection(options)
    return { raw, replication, identity }
  } catch (error) {
    await replication.close()
    throw error
  }
}

const disconnect = async ({ raw, replication }: Connections): Promise<void> => {
  await Promise.all([raw.close(), replication.close()])
}

/** @throws WAL_BUDGET_SPENT, from `next`, once the slot was given up as configured */
const withinBudget = (open: OpenOutbox, connections: Connections, source: Source): Source => {
  const { database, slot, budget, context } = open
  const { logger } = context
  let spent: bigint | undefined
  const unwatch = watchBudget({ database, slot, budget, logger }, (retained) => {
    spent = retained
    void connections.replication
      .close()
      .then(() => dropSlot(database, slot))
      .catch((error: unknown) => logger.error({ slot, error: String(error) }, 'the slot cannot be dropped'))
  })
  return {
    ...source,
    next: () => {
      if (spent === undefined) return source.next()
      return Promise.reject(
        new OnewriteError('WAL_BUDGET_SPENT', { slot, retained: spent, budget: budget.bytes }),
      )
    },
    close: async () => {
      unwatch()
      await source.close()
      await disconnect(connections)
    },
  }
}

const readerOf = ({ outbox, database, context }: OpenOutbox) =>
  outboxReader({ outbox, database, logger: context.logger })

const streamFrom = async (
  open: OpenOutbox,
  { raw, replication, identity }: Connections,
  lsn: bigint,
  isNew: boolean,
): Promise<Source> => {
  const { slot, publication, outbox, limits, context } = open
  const stream = await replication.stream({
    slot,
    publications: [publication],
    messages: outbox.kind === 'messages',
  })
  const place: WalPlace = { lsn, system: identity.systemId, timeline: identity.timeline, slot }
  const reading = { stream, place, isNew, limits, isCut: () => raw.closed }
  return streamOutbox({ name: context.name, reader: readerOf(open), ...reading })
}

/** @throws OUTBOX_POSITION_LOST where it was not said how to fill the gap */
const refill = async (
  open: OpenOutbox,
  connections: Connections,
  place: WalPlace,
  reason: string,
  state: SlotState | undefined,
): Promise<Source> => {
  const { outbox, database, slot, limits, context } = open
  const { raw, replication, identity } = connections
  const lost = { from: formatLsn(place.lsn), to: formatLsn(identity.flushed), reason }
  const orderBy = outbox.kind === 'table' ? outbox.refill?.orderBy : undefined
  if (outbox.kind !== 'table' || orderBy === undefined) {
    throw new OnewriteError('OUTBOX_POSITION_LOST', {
      name: context.name,
      outbox: outboxName(outbox),
      ...lost,
    })
  }
  context.logger.error(
    { relay: context.name, outbox: outboxName(outbox), ...lost },
    'the position is lost; refilling',
  )
  // One that is there is of no use: nobody knows what has left by it.
  if (state !== undefined) await dropSlot(database, slot)
  const made: CreatedSlot = await replication.createSlot(slot)
  return refillOutbox({
    outbox,
    orderBy,
    reader: readerOf(open),
    database,
    connection: raw,
    snapshot: made.snapshot,
    from: place.lsn,
    to: made.consistentPoint,
    limits,
    checkpoint: { text: context.checkpoint ?? '', position: 0n },
    readOn: () => streamFrom(open, connections, made.consistentPoint, true),
  })
}

const openOn = async (open: OpenOutbox, connections: Connections): Promise<Source> => {
  const { database, slot, context } = open
  const { name, checkpoint, signal, logger } = context
  const application = `onewrite relay ${name}`
  const state = await freeSlot({ database, slot, application, signal, logger })
  if (state !== undefined) await checkSlotOwner(database, state)
  if (checkpoint === undefined) {
    // A slot that is there was made for this relay, or is that of the program whose work it takes over.
    if (state !== undefined) return streamFrom(open, connections, state.confirmed, true)
    const { consistentPoint } = await connections.replication.createSlot(slot)
    return streamFrom(open, connections, consistentPoint, true)
  }
  const place = outboxPlaceOf(name, checkpoint)
  const moved = place.slot === slot ? undefined : `slot ${slot} is used instead of ${place.slot}`
  const loss = moved ?? lossOf(place, connections.identity, state)
  if (loss === undefined) return streamFrom(open, connections, place.lsn, false)
  return refill(open, connections, place, loss, state)
}

/**
 * Opens the write-ahead log where the checkpoint stands; without one at the slot's place, or where it ends now.
 *
 * @throws OUTBOX_UNREADABLE, OUTBOX_POSITION_LOST
 */
export const openOutbox = async (open: OpenOutbox): Promise<Source> => {
  const { database, outbox, publication } = open
  checkWalReadiness(database, await readWalReadiness(database))
  await checkOutbox(database, outbox, publication)
  const connections = await connect(open)
  try {
    return withinBudget(open, connections, await openOn(open, connections))
  } catch (error) {
    await disconnect(connections)
    throw error
  }
}
