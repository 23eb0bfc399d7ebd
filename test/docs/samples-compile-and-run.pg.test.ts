import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freshDatabase } from '../support/database.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, '.data', `samples-${process.pid}`)

/** What a page takes for granted around its samples. */
const given: Readonly<Record<string, string>> = {
  'README.md': '',
  'docs/how-to/read-an-existing-outbox.md': '',
  'docs/roles.md': 'declare const ownerUrl: string',
  'docs/how-to/consume-a-topic-you-did-not-write.md': '',
  'docs/how-to/handle-and-redrive-dead-letters.md': '',
  'docs/how-to/choose-concurrency-and-retry.md': '',
  'docs/how-to/put-redis-before-the-inbox.md':
    "declare const reserve: (tx: import('onewrite').Transaction, orderId: string) => Promise<void>",
  'docs/how-to/keep-the-log-small.md': '',
  'docs/how-to/move-from-debezium.md': '',
  'docs/how-to/write-a-transport.md': `
    declare const publishingFixture: import('onewrite/testing').PublishingFixture
    declare const subscribingFixture: import('onewrite/testing').SubscribingFixture
    declare const silenceFixture: import('onewrite/testing').SilenceFixture`,
}

const samplesOf = async (page: string): Promise<string[]> => {
  const text = await readFile(join(root, page), 'utf8')
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code)
}

const fileOf = (page: string, number: number): string =>
  join(folder, `${page.replace(/\W/g, '-')}-${number}.ts`)

beforeAll(async () => {
  await mkdir(folder, { recursive: true })
  for (const [page, around] of Object.entries(given)) {
    const samples = await samplesOf(page)
    expect(samples.length, page).toBeGreaterThan(0)
    for (const [number, code] of samples.entries())
      await writeFile(fileOf(page, number), `${code}\n${around}\n`)
  }
  const config = { extends: '../../tsconfig.json', include: ['*.ts'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

it('compiles every sample of the pages', { timeout: 60_000 }, async () => {
  const tsc = run(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], { cwd: root })
  const found = await tsc.then(
    () => '',
    (error: { stdout?: string }) => error.stdout,
  )
  expect(found).toBe('')
})

it('runs the first sample: the row and its event are there', { timeout: 60_000 }, async () => {
  const { url, database } = await freshDatabase()
  const file = fileOf('README.md', 0)
  const [sample = ''] = await samplesOf('README.md')
  // The same program, on the database of this test instead of one of its own.
  await writeFile(
    file,
    sample.replace("name: 'orders',", `name: 'orders', database: ${JSON.stringify(url)},`),
  )
  await run(process.execPath, ['--import', 'tsx', file], { cwd: root })
  const sql = `select o.id::text = e.aggregate_id as same, e.event_type from orders o, onewrite.events e`
  expect((await database.query(sql)).rows).toEqual([{ same: true, event_type: 'order.created' }])
})
