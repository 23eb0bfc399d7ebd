import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { kafka } from '../../src/kafka/kafka.ts'
import { readTopic } from '../../src/kafka/read-topic.ts'
import { fromConnector } from '../../src/outbox/from-connector.ts'
import { embedded } from '../../src/postgres/embedded.ts'
import { service } from '../../src/service/service.ts'
import { type HistoryEvent, judge, type Verdict } from '../../src/testing/history.ts'
import { type Connect, startConnect } from './connect.ts'
import { debeziumSettings, eventRouter } from './debezium.ts'
import { startKafka } from './kafka.ts'
import { startOutboxWriters } from './outbox-writers.ts'
import { until } from './until.ts'

const page = fileURLToPath(new URL('../../docs/how-to/move-from-debezium.md', import.meta.url))
const topic = 'outbox.event.order'

/** What the page tells to run in psql, in order. */
const statementsOf = async (): Promise<readonly string[]> =>
  [...(await readFile(page, 'utf8')).matchAll(/^```sql\n(.*?)^```/gms)].map(([, sql = '']) => sql)

interface Stage {
  readonly databaseUrl: string
  readonly brokers: string
  readonly connect: Connect
  readonly settings: Readonly<Record<string, string | number | boolean>>
  readonly say: (text: string) => void
}

const session = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client
}

const lastId = async (client: pg.Client): Promise<string> =>
  (await client.query<{ id: string }>('select id::text from outbox order by written desc limit 1')).rows[0]
    ?.id ?? ''

/** The steps of the page. The writers go on all the time. */
const move = async ({ databaseUrl, brokers, connect, settings, say }: Stage) => {
  const [makeSlot = '', lock = '', advance = '', release = '', giveBack = ''] = await statementsOf()
  const [holding, other] = [await session(databaseUrl), await session(databaseUrl)]
  const outbox = fromConnector(settings, { slot: 'onewrite_outbox', publication: 'onewrite_outbox' })
  const app = service({
    name: 'orders',
    database: databaseUrl,
    transport: kafka({ brokers: brokers.split(',') }),
    outboxes: { legacy: outbox },
  })
  for (const sql of makeSlot.split(';\n')) if (sql.trim() !== '') await other.query(sql)
  say('the slot stands; Debezium goes on')
  const locked = performance.now()
  await holding.query(lock)
  const last = await lastId(other)
  const published = async (): Promise<boolean> =>
    (await readTopic(brokers, topic)).some(({ headers }) => headers['id'] === last)
  if (!(await until(published, 60_000))) throw new Error('Debezium did not publish the last row')
  await connect.pause('outbox')
  await other.query(advance)
  await holding.query(release)
  say(`the writers waited for ${Math.round(performance.now() - locked)} ms`)
  const running = await app.start()
  const dropped = async (): Promise<boolean> =>
    other.query(giveBack).then(
      () => true,
      () => false,
    )
  if (!(await until(dropped, 60_000))) throw new Error("Debezium's slot could not be dropped")
  await connect.remove('outbox')
  say('onewrite publishes')
  return { running, close: () => Promise.all([holding.end(), other.end()]) }
}

const historyOf = async (client: pg.Client): Promise<readonly HistoryEvent[]> =>
  (
    await client.query<HistoryEvent>(
      'select id::text, aggregateid as key, sequence::float8 as sequence from outbox',
    )
  ).rows

const printVerdict = (verdict: Verdict, events: number, byDebezium: number): boolean => {
  const faults = Object.entries(verdict).map(([name, ids]) => `${ids.length} ${name}`)
  console.log(`${events} rows: ${byDebezium} published by Debezium, ${events - byDebezium} by onewrite`)
  console.log(faults.join(', '))
  return Object.values(verdict).every((ids) => ids.length === 0)
}

const run = async (stage: Stage): Promise<boolean> => {
  const { databaseUrl, brokers, connect, settings, say } = stage
  const client = await session(databaseUrl)
  await client.query(`create table outbox (
    id uuid primary key, aggregatetype varchar(255) not null, aggregateid varchar(255) not null,
    type varchar(255) not null, payload jsonb, written bigserial, sequence bigint not null)`)
  await connect.add('outbox', settings)
  const writers = startOutboxWriters(databaseUrl, 8)
  const records = () => readTopic(brokers, topic).catch(() => [])
  if (!(await until(async () => (await records()).length > 500, 60_000))) throw new Error('nothing arrives')
  say('Debezium publishes')
  const { running, close } = await move(stage)
  const byDebezium = (await records()).length
  if (!(await until(async () => (await records()).length > byDebezium + 500, 60_000))) {
    throw new Error('onewrite publishes nothing')
  }
  await writers.stop()
  const events = await historyOf(client)
  await until(async () => (await records()).length >= events.length, 60_000)
  await running.stop()
  await Promise.all([close(), client.end()])
  const seen = (await records()).map(({ headers, key, partition, offset }) => ({
    ...{ id: headers['id'] ?? '', key: key ?? '', partition, offset: BigInt(offset), topic },
  }))
  return printVerdict(judge({ events, records: seen }), events.length, byDebezium)
}

/** Moves an outbox from a real Debezium to onewrite as the how-to says, with writers that never stop, and judges. */
export const tryMove = async (): Promise<void> => {
  const directory = join(tmpdir(), `onewrite-move-${randomUUID()}`)
  const database = embedded({ directory, settings: { wal_level: 'logical' } })
  const [databaseUrl, broker] = await Promise.all([database.start(), startKafka()])
  const transport = kafka({ brokers: broker.brokers.split(',') })
  await transport.publishing.createTopics([{ name: topic, partitions: 4 }])
  await transport.close()
  const connect = await startConnect({ brokers: broker.brokers })
  const router = {
    ...{ transforms: 'outbox', 'transforms.outbox.type': eventRouter },
    'transforms.outbox.table.fields.additional.placement': 'type:header:eventType',
  }
  const names = { 'slot.name': 'debezium', 'publication.name': 'dbz_publication' }
  const strings = 'org.apache.kafka.connect.storage.StringConverter'
  const settings = {
    ...debeziumSettings({ databaseUrl, slot: 'debezium', tables: 'public.outbox' }),
    ...names,
    ...router,
    ...{ 'key.converter': strings, 'value.converter': strings },
  }
  const say = (text: string): void => console.error(text)
  try {
    const kept = await run({ databaseUrl, brokers: broker.brokers, connect, settings, say })
    if (!kept) process.exitCode = 1
  } finally {
    await connect.stop()
    await Promise.all([database.stop(), broker.close()])
    await rm(directory, { recursive: true, force: true })
  }
}
