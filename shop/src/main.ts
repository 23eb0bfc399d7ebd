import { embedded, isOnewriteError, postgres, type Transport } from 'onewrite'
import { pino } from 'pino'
import { refuseTakenPort } from './listen.ts'
import { type MainOptions, readOptions, usage } from './main-options.ts'
import { type OrderService, startOrderService } from './order-service.ts'
import { type EventPrinter, eventPrinter } from './print-event.ts'

const say = (...lines: string[]): void => void process.stdout.write(`${lines.join('\n')}\n`)

interface Carrier {
  readonly transport: Transport
  readonly intro: readonly string[]
  close(): Promise<void>
}

const withoutBroker = async (): Promise<Carrier> => ({
  transport: postgres(),
  intro: ['Broker       none (--kafka publishes to a real one)'],
  close: async () => {},
})

/** Loaded on demand: without --kafka nobody needs Java or the Kafka client. */
const withBroker = async (): Promise<Carrier> => {
  const { kafka } = await import('onewrite/kafka')
  const { startKafka } = await import('../../stack/src/kafka.ts')
  const broker = await startKafka()
  const stack = `KAFKA_BROKERS=${broker.brokers} npm run stack --`
  const cancellation = '{"orderId":"ORDER_ID","reason":"Customer request"}'
  return {
    transport: kafka({ brokers: broker.brokers.split(',') }),
    intro: [
      `Broker       ${broker.brokers}`,
      '',
      "Kafka's own console consumer shows each record:",
      `  ${stack} consume order.created`,
      'and its console producer cancels an order:',
      `  echo '${cancellation}' | ${stack} produce order.cancelled`,
    ],
    close: () => broker.close(),
  }
}

const curlLine = (url: string): string =>
  `curl -i ${url}/orders -H 'content-type: application/json' -d '${JSON.stringify({
    customerId: '550e8400-e29b-41d4-a716-446655440000',
    items: [{ productId: '6ba7b810-9dad-41d1-80b4-00c04fd430c8', quantity: 2, unitPrice: 149.95 }],
  })}'`

const introduce = ({ url, database }: OrderService, { intro }: Carrier): void =>
  say(
    `Orders       ${url}  (API: ${url}/openapi.json)`,
    `PostgreSQL   ${database.address}`,
    ...intro,
    '',
    'Try:',
    `  ${curlLine(url)}`,
    `  curl ${url}/orders/ORDER_ID`,
    '',
    'Each event as it leaves (time, topic, key, type, payload); Ctrl-C stops:',
  )

const startWith = (
  { host, port, logLevel, databaseUrl }: MainOptions,
  { transport }: Carrier,
  { published }: EventPrinter,
): Promise<OrderService> =>
  startOrderService({
    address: { host, port },
    database: databaseUrl ?? embedded(),
    transport,
    logger: pino({ level: logLevel }, pino.destination(2)),
    published,
  })

/** Resolves at the first signal; a second one ends the process at once. */
const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    let asked = false
    const ask = (): void => {
      if (asked) process.exit(130)
      asked = true
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask)
  })

const run = async (options: MainOptions): Promise<void> => {
  const stopAsked = interrupted()
  const events = eventPrinter(say)
  await refuseTakenPort({ host: options.host, port: options.port })
  const carrier = await (options.kafka ? withBroker() : withoutBroker())
  try {
    const running = await startWith(options, carrier, events)
    introduce(running, carrier)
    events.begin()
    await stopAsked
    say('Stopping. Open requests are answered; events that have not left yet leave at the next start.')
    say('Ctrl-C again ends at once.')
    await running.stop()
  } finally {
    await carrier.close()
  }
}

const main = async (): Promise<void> => {
  const options = readOptions(process.argv.slice(2), process.env)
  if (options.help) say(usage)
  else await run(options)
}

const explain = (error: unknown): string => (error instanceof Error ? error.message : String(error))

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${isOnewriteError(error) ? explain(error) : `failed: ${explain(error)}`}\n`)
    process.exit(1)
  },
)
