import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { KafkaJS } from '@confluentinc/kafka-javascript'
import { expect, it, onTestFinished } from 'vitest'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { freshDatabase } from '../support/database.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = join(root, 'docs/how-to/consume-a-topic-you-did-not-write.md')
const folder = join(root, '.data', `foreign-topic-${process.pid}`)

const sample = (text: string, language: string): string =>
  new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(text)?.[1] ?? ''

const createTopic = async (topic: string): Promise<void> => {
  const options = { brokers: brokers().split(','), logLevel: KafkaJS.logLevel.NOTHING }
  const admin = new KafkaJS.Kafka({ kafkaJS: options }).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
  await admin.disconnect()
}

/** The program of the page, on the servers of this test. */
const start = async (code: string): Promise<void> => {
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'sample.ts')
  await writeFile(file, code)
  const child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: root, stdio: 'inherit' })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
    await rm(folder, { recursive: true })
  })
}

it('an order is cancelled by the line of the page', { timeout: 120_000 }, async () => {
  const { url, database } = await freshDatabase()
  const text = await readFile(page, 'utf8')
  const topic = uniqueTopic('order.cancelled')
  await createTopic(topic)
  const code = sample(text, 'ts')
    .replace("topic: 'order.cancelled'", `topic: '${topic}'`)
    .replace("name: 'orders',", `name: 'orders', database: ${JSON.stringify(url)},`)
    .replace("['127.0.0.1:9092']", JSON.stringify(brokers().split(',')))
  await start(code)
  const insert = `insert into orders values ('550e8400-e29b-41d4-a716-446655440000', 'CREATED')`
  await expect
    .poll(() => database.query(insert).then(() => 'there', String), { timeout: 60_000 })
    .toBe('there')
  const line = sample(text, 'sh').replace('produce order.cancelled', `produce ${topic}`)
  const environment = { ...process.env, KAFKA_BROKERS: brokers() }
  await promisify(execFile)('sh', ['-c', line], { cwd: root, env: environment })
  const status = async (): Promise<unknown> => (await database.query('select status from orders')).rows
  await expect.poll(status, { timeout: 60_000 }).toEqual([{ status: 'CANCELLED' }])
})
