import { parseArgs } from 'node:util'
import { OnewriteError } from 'onewrite'

export interface MainOptions {
  readonly help: boolean
  readonly kafka: boolean
  readonly host: string
  readonly port: number
  readonly logLevel: string
  /** Undefined: the embedded server. */
  readonly databaseUrl: string | undefined
}

export const usage = `Usage: npm start -- [options]

Starts the order service and prints each event as it leaves.

  --kafka        publish to a real broker: the one KAFKA_BROKERS names, else one started for this run
  --port PORT    port to listen on (default 8082, 0 takes a free one)
  --host HOST    address to listen on (default 127.0.0.1)
  --help         show this

Environment:
  DATABASE_URL   PostgreSQL to use instead of the embedded one, as postgres://user:password@host/database
  KAFKA_BROKERS  brokers to use with --kafka, for example localhost:9092
  LOG_LEVEL      debug, info, warn (default), error; logs go to the error output as JSON
`

const logLevels = ['debug', 'info', 'warn', 'error']

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) <= 65_535

const faultsOf = (port: string, logLevel: string): string[] => {
  const faults: string[] = []
  if (!isPort(port)) faults.push(`--port must be 0 to 65535, not ${JSON.stringify(port)}`)
  if (!logLevels.includes(logLevel)) {
    faults.push(`LOG_LEVEL must be one of ${logLevels.join(', ')}, not ${JSON.stringify(logLevel)}`)
  }
  return faults
}

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        kafka: { type: 'boolean', default: false },
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '8082' },
      },
    }).values
  } catch (error) {
    if (error instanceof TypeError) throw new OnewriteError('INVALID_CONFIG', { faults: error.message })
    throw error
  }
}

/** @throws INVALID_CONFIG naming every fault */
export const readOptions = (args: readonly string[], environment: NodeJS.ProcessEnv): MainOptions => {
  const { port, ...rest } = parse(args)
  const logLevel = environment['LOG_LEVEL'] || 'warn'
  const faults = faultsOf(port, logLevel)
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
  return { ...rest, port: Number(port), logLevel, databaseUrl: environment['DATABASE_URL'] || undefined }
}
