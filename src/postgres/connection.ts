import pg from 'pg'
import { didYouMean } from '../error/did-you-mean.ts'
import { OnewriteError } from '../error/onewrite-error.ts'
import type { Logger } from '../lifecycle/logger.ts'

/** How to reach PostgreSQL. Exactly one of `url`, `connection` and `pool`. */
export interface PgDatabaseOptions {
  /** `postgres://user:password@host:5432/database`; a part left out comes from PGHOST, PGUSER and so on. */
  readonly url?: string
  /** Settings of a `pg` client, where a URL cannot say it (TLS certificates, a password function). */
  readonly connection?: pg.ClientConfig
  /** A pool of the application. It is not closed here. Give it `pipeline: true` for `Database.pipeline`. */
  readonly pool?: pg.Pool
  /** Schema that holds the log. Default `onewrite`. */
  readonly schema?: string
  /** Connections at most. Default 10. */
  readonly max?: number
  /** Shown in pg_stat_activity. Default `onewrite`. */
  readonly applicationName?: string
  /** Milliseconds until a connection attempt, or waiting for a free connection, fails. Default 10,000. */
  readonly connectTimeout?: number
  /** Milliseconds; a start parameter that PgBouncer refuses unless told to ignore it. Default: the server's. */
  readonly statementTimeout?: number
  /** Told of connections that broke while idle. */
  readonly log?: Logger
}

const knownOptions = [
  'url',
  'connection',
  'pool',
  'schema',
  'max',
  'applicationName',
  'connectTimeout',
  'statementTimeout',
  'log',
]

const sources = ['url', 'connection', 'pool'] as const
const numbers = ['max', 'connectTimeout', 'statementTimeout'] as const

const unknownOption = (name: string): string =>
  `unknown option ${name}${didYouMean(name, knownOptions)} (known: ${knownOptions.join(', ')})`

const urlFault = (url: unknown): string | undefined => {
  if (typeof url !== 'string' || url === '') return 'url is empty'
  if (!/^(postgres|postgresql|socket):|^\//.test(url)) return 'url does not begin with postgres://'
  return undefined
}

const faultsOf = (options: PgDatabaseOptions): string[] => {
  const faults = Object.keys(options)
    .filter((name) => !knownOptions.includes(name))
    .map(unknownOption)
  const given = sources.filter((name) => options[name] !== undefined)
  if (given.length > 1) faults.push(`${given.join(' and ')} exclude each other`)
  if (given.length === 0) faults.push('one of url, connection and pool is needed')
  if (options.url !== undefined) {
    const fault = urlFault(options.url)
    if (fault !== undefined) faults.push(fault)
  }
  for (const name of numbers) {
    const value = options[name]
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      faults.push(`${name} must be a whole number above 0`)
    }
  }
  return faults
}

const refuse = (faults: readonly string[]): void => {
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
}

const clientConfig = (options: PgDatabaseOptions): pg.ClientConfig => ({
  keepAlive: true,
  ...(options.pool === undefined ? {} : options.pool.options),
  ...options.connection,
  ...(options.url === undefined ? {} : { connectionString: options.url }),
  ...(options.statementTimeout === undefined ? {} : { statement_timeout: options.statementTimeout }),
  connectionTimeoutMillis: options.connectTimeout ?? 10_000,
  application_name: options.applicationName ?? 'onewrite',
})

/** Builds a client without connecting it; that resolves URL, options and PG* variables as `pg` itself does. */
const unconnected = (config: pg.ClientConfig): pg.Client => {
  try {
    return new pg.Client(config)
  } catch {
    // The reason is withheld: it may quote the URL, password included.
    throw new OnewriteError('INVALID_CONFIG', { faults: 'url cannot be read' })
  }
}

export interface ConnectionPlan {
  readonly config: pg.ClientConfig
  /** `host:port/database`. */
  readonly address: string
}

/**
 * Checks the options, all faults at once, and settles how to connect.
 *
 * @throws INVALID_CONFIG
 */
export const planConnection = (options: PgDatabaseOptions): ConnectionPlan => {
  refuse(faultsOf(options))
  const config = clientConfig(options)
  const { host, port, database } = unconnected(config)
  // An `@` here is the tail of a password whose reserved characters were not encoded: printing it would leak it.
  if (/@/.test(`${host}${database}`)) {
    refuse(['url cannot be read: percent-encode reserved characters of the password'])
  }
  return { config, address: `${host}:${port}/${database ?? ''}` }
}
