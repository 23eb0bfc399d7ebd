import { parseArgs } from 'node:util'
import { OnewriteError } from 'onewrite'

export interface MainOptions {
  readonly help: boolean
  readonly kafka: boolean
  readonly host: string
  readonly port: number
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

const portOf = (text: string): number => {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new OnewriteError('INVALID_CONFIG', {
    faults: `--port must be 0 to 65535, not ${JSON.stringify(text)}`,
  })
}

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      kafka: { type: 'boolean', default: false },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8082' },
    },
  }).values

/** @throws INVALID_CONFIG naming the option */
export const readOptions = (args: readonly string[]): MainOptions => {
  try {
    const { port, ...rest } = parse(args)
    return { ...rest, port: portOf(port) }
  } catch (error) {
    if (error instanceof TypeError) throw new OnewriteError('INVALID_CONFIG', { faults: error.message })
    throw error
  }
}
