import pg from 'pg'
import { OnewriteError } from '../error/onewrite-error.ts'
import { withDeadline } from '../lifecycle/deadline.ts'
import type { ErrorPlace } from './connection-error.ts'
import { quoteIdentifier } from './identifier.ts'
import { parseLsn } from './lsn.ts'
import type {
  ReplicationConnection,
  ReplicationStream,
  StreamOptions,
  SystemIdentity,
} from './replication.ts'
import { explainConnect, explainSlotCommand } from './replication-error.ts'
import { type Intake, replicationIntake } from './replication-stream.ts'

const patience = 2000
const bufferBytes = 1024 * 1024
/** Milliseconds between status messages where the server sets no timeout, or a long one. */
const statusAtMostEvery = 10_000

type Row = Readonly<Record<string, unknown>>

// Text of values must not depend on how server, database or role are configured; and nothing may end a transaction
// that only keeps a snapshot.
const settleSession = `
  set datestyle = 'ISO, MDY'; set timezone = 'UTC'; set intervalstyle = 'postgres'; set extra_float_digits = 1;
  set bytea_output = 'hex'; set statement_timeout = 0; set lock_timeout = 0;
  set idle_in_transaction_session_timeout = 0`

const timeoutSql = `select setting from pg_settings where name = 'wal_sender_timeout'`

const quoteSlot = (slot: string): string => quoteIdentifier('slot', slot)

const streamCommand = ({ slot, publications, messages = false }: StreamOptions): string => {
  const names = publications.map((name) => quoteIdentifier('publication', name)).join(',')
  const wanted = messages ? `, messages 'true'` : ''
  return `START_REPLICATION SLOT ${quoteSlot(slot)} LOGICAL 0/0 (proto_version '1', publication_names '${names}'${wanted})`
}

const replicationClient = (config: pg.ClientConfig, applicationName: string): pg.Client => {
  // `replication` is an option of pg that its types do not know. A timeout for answers would end the stream.
  const settings: pg.ClientConfig & { readonly replication: string } = {
    ...config,
    replication: 'database',
    application_name: applicationName,
    statement_timeout: false,
    query_timeout: 0,
    pipeline: false,
  }
  return new pg.Client(settings)
}

const text = (row: Row | undefined, column: string): string => String(row?.[column] ?? '')

const isUnixSocket = (client: pg.Client): boolean => client.host.startsWith('/')

/** Opens the intake as soon as the walsender begins, so that its first message finds somebody. */
const startStream = (
  client: pg.Client,
  place: ErrorPlace,
  options: StreamOptions,
  statusEvery: number,
): Promise<Intake> =>
  new Promise((resolve, reject) => {
    const { slot } = options
    const { connection } = client
    let intake: Intake | undefined
    const over = (error: unknown): void => {
      const fault = explainSlotCommand(error, place, slot)
      intake?.end(fault)
      reject(fault)
    }
    const ended = (): void =>
      over(new OnewriteError('REPLICATION_ENDED', { slot, cause: 'the connection was closed' }))
    client.on('error', over)
    client.on('end', ended)
    connection.once('replicationStart', () => {
      const naps = !isUnixSocket(client)
      const limit = options.bufferBytes ?? bufferBytes
      intake = replicationIntake({ socket: connection.stream, slot, bufferBytes: limit, statusEvery, naps })
      resolve(intake)
    })
    connection.on('copyData', ({ chunk }: { readonly chunk: Buffer }) => intake?.receive(chunk))
    client.query(streamCommand(options)).then(ended, over)
  })

const identityOf = (row: Row | undefined): SystemIdentity => ({
  systemId: text(row, 'systemid'),
  timeline: Number(text(row, 'timeline')),
  flushed: parseLsn(text(row, 'xlogpos')),
  database: text(row, 'dbname'),
})

/** Milliseconds between status messages: three times within the server's patience. */
const connect = async (client: pg.Client, place: ErrorPlace): Promise<number> => {
  try {
    await client.connect()
    await client.query(settleSession)
    const timeout = Number(text((await client.query<Row>(timeoutSql)).rows[0], 'setting'))
    return timeout > 0 ? Math.min(statusAtMostEvery, Math.floor(timeout / 3)) : statusAtMostEvery
  } catch (error) {
    client.connection.stream.destroy()
    throw explainConnect(error, place)
  }
}

const leave = async (client: pg.Client, applicationName: string): Promise<void> => {
  const { connection } = client
  const gone = new Promise<void>((resolve) => client.once('end', () => resolve()))
  connection.end()
  // Paused, it would not notice the end.
  connection.stream.resume()
  await withDeadline(applicationName, gone, patience).catch(() => connection.stream.destroy())
}

/**
 * Opens a connection to the walsender of one database.
 *
 * @throws REPLICATION_DENIED, REPLICATION_THROUGH_POOLER, WAL_SENDERS_EXHAUSTED, and what any connection may throw
 */
export const openReplicationConnection = async (
  config: pg.ClientConfig,
  place: ErrorPlace,
  applicationName: string,
): Promise<ReplicationConnection> => {
  const client = replicationClient(config, applicationName)
  let closed = false
  let intake: Intake | undefined
  let streamed = ''
  const markClosed = (): void => {
    closed = true
  }
  client.on('error', markClosed)
  client.on('end', markClosed)
  const statusEvery = await connect(client, place)

  const run = async (command: string, slot = ''): Promise<Row | undefined> => {
    try {
      return (await client.query<Row>(command)).rows[0]
    } catch (error) {
      throw explainSlotCommand(error, place, slot)
    }
  }

  return {
    identify: async () => identityOf(await run('IDENTIFY_SYSTEM')),
    createSlot: async (slot) => {
      // This older form is understood by every version from 10 to 18.
      const row = await run(
        `CREATE_REPLICATION_SLOT ${quoteSlot(slot)} LOGICAL pgoutput EXPORT_SNAPSHOT`,
        slot,
      )
      return {
        slot,
        consistentPoint: parseLsn(text(row, 'consistent_point')),
        snapshot: text(row, 'snapshot_name'),
      }
    },
    dropSlot: async (slot) => {
      await run(`DROP_REPLICATION_SLOT ${quoteSlot(slot)}`, slot)
    },
    stream: async (options): Promise<ReplicationStream> => {
      streamed = options.slot
      intake = await startStream(client, place, options, statusEvery)
      return intake
    },
    get closed() {
      return closed
    },
    close: async () => {
      if (closed) return
      intake?.end(new OnewriteError('REPLICATION_ENDED', { slot: streamed, cause: 'it was closed here' }))
      await leave(client, applicationName)
    },
  }
}
