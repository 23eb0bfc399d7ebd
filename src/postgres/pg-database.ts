import pg from 'pg'
import { type Logger, silentLogger } from '../lifecycle/logger.ts'
import { type ConnectionPlan, type PgDatabaseOptions, planConnection } from './connection.ts'
import { type ErrorPlace, explainError } from './connection-error.ts'
import type { Database } from './database.ts'
import { validIdentifier } from './identifier.ts'
import { openRawConnection } from './raw-connection.ts'
import { openReplicationConnection } from './replication-connection.ts'
import { runPipeline } from './run-pipeline.ts'
import { runQuery } from './run-query.ts'
import { type BorrowedClient, runTransaction } from './run-transaction.ts'

const openPool = ({ config, address }: ConnectionPlan, max: number, log: Logger): pg.Pool => {
  const pool = new pg.Pool({ ...config, max, pipeline: true })
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  pool.on('error', (error) => log.warn({ address, error: error.message }, 'an idle connection was lost'))
  return pool
}

/**
 * While a connection is borrowed, the pool does not listen: were it lost, that would end the process instead of the
 * query. `lost` is added within the call of the pool, because a server that dies at once can have said so before a
 * promise resolves.
 */
const borrow = (pool: pg.Pool, place: ErrorPlace, lost: () => void): Promise<pg.PoolClient> =>
  new Promise((resolve, reject) => {
    pool.connect((error, client) => {
      if (client === undefined) return reject(explainError(error, place))
      client.on('error', lost)
      resolve(client)
    })
  })

const withClient = async <T>(
  pool: pg.Pool,
  place: ErrorPlace,
  work: (borrowed: BorrowedClient) => Promise<T>,
): Promise<T> => {
  let broken = false
  const discard = (): void => {
    broken = true
  }
  const client = await borrow(pool, place, discard)
  try {
    return await work({ client, discard })
  } finally {
    client.removeListener('error', discard)
    client.release(broken)
  }
}

/**
 * Opens PostgreSQL through `pg`. Connects at the first use.
 *
 * Every call may reject with DATABASE_UNREACHABLE, DATABASE_AUTHENTICATION, SCHEMA_MISSING or PERMISSION_DENIED; other
 * errors of the server arrive as `pg` gives them, with their SQLSTATE in `code`.
 *
 * @throws INVALID_CONFIG, INVALID_IDENTIFIER
 */
export const pgDatabase = (options: PgDatabaseOptions): Database => {
  const plan = planConnection(options)
  const schema = validIdentifier('schema', options.schema ?? 'onewrite')
  const place: ErrorPlace = { address: plan.address, schema }
  const pool = options.pool ?? openPool(plan, options.max ?? 10, options.log ?? silentLogger)
  let closing: Promise<void> | undefined
  return {
    ...place,
    query: (text, values) => withClient(pool, place, ({ client }) => runQuery(client, place, text, values)),
    transaction: (work, settings) =>
      withClient(pool, place, (borrowed) => runTransaction(borrowed, place, work, settings)),
    pipeline: (work) => withClient(pool, place, (borrowed) => runPipeline(borrowed, place, work)),
    rawConnection: ({ applicationName }) => openRawConnection(plan.config, place, applicationName),
    replicationConnection: ({ applicationName }) =>
      openReplicationConnection(plan.config, place, applicationName),
    close: async () => {
      closing ??= options.pool === undefined ? pool.end() : Promise.resolve()
      await closing
    },
  }
}
