import type { ReplicationConnection } from './replication.ts'

/** Rows as the client decodes them, and the number of rows a statement touched. */
export interface QueryResult<Row> {
  readonly rows: Row[]
  readonly rowCount: number
}

export interface Queryable {
  /** Runs one statement; values are always bound ($1, $2, …). */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>
}

/** Brand of a transaction. Registered, so that two copies of the package in one process recognise each other's. */
export const insideTransaction = Symbol.for('onewrite.insideTransaction')

/**
 * A handle that is inside a transaction. `append` takes nothing else, so that events cannot be recorded
 * outside the commit they belong to. Made by `Database.transaction`, `Database.pipeline` and `pgTransaction`.
 */
export interface Transaction extends Queryable {
  readonly [insideTransaction]: true
  /** Name of the schema that holds the log, already validated. */
  readonly schema: string
}

export type IsolationLevel = 'read committed' | 'repeatable read' | 'serializable'

export interface TransactionOptions {
  /** Default: the server's, which is `read committed` unless configured otherwise. */
  readonly isolation?: IsolationLevel
}

/** The values of a tuple of promises, as `Promise.all` gives them. */
export type Settled<T extends readonly unknown[]> = { -readonly [K in keyof T]: Awaited<T[K]> }

/** The seam to PostgreSQL: everything above this folder speaks to it only through this interface. */
export interface Database extends Queryable {
  readonly schema: string
  /** Host, port and database name, for messages; never a password. */
  readonly address: string
  /**
   * Runs `work` between BEGIN and COMMIT and returns its value; a throw rolls back and is rethrown.
   *
   * @throws COMMIT_UNKNOWN when the connection was lost while COMMIT was in flight
   * @throws COMMIT_REFUSED when PostgreSQL answered COMMIT with ROLLBACK
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /**
   * BEGIN, every statement that `work` starts, and COMMIT, sent in one round trip. `work` must start all of
   * its statements before it yields; a later one cannot see the result of an earlier one.
   */
  pipeline<const T extends readonly Promise<unknown>[] | []>(
    work: (tx: Transaction) => T,
  ): Promise<Settled<T>>
  /**
   * A connection of its own, outside the pool, whose rows arrive as arrays of raw text. For readers that pass
   * bytes through; the caller closes it.
   */
  rawConnection(options: { readonly applicationName: string }): Promise<RawConnection>
  /**
   * A connection of its own to the walsender, for reading the write-ahead log; the caller closes it.
   *
   * @throws REPLICATION_DENIED, REPLICATION_THROUGH_POOLER, WAL_SENDERS_EXHAUSTED
   */
  replicationConnection(options: { readonly applicationName: string }): Promise<ReplicationConnection>
  close(): Promise<void>
}

/** Rows as arrays of text, exactly as PostgreSQL printed them; `null` where the column is null. */
export interface RawConnection {
  read(text: string, values?: readonly unknown[]): Promise<readonly (readonly (string | null)[])[]>
  /** True once the connection is gone; every later `read` rejects. */
  readonly closed: boolean
  close(): Promise<void>
}
