import { createRequire } from 'node:module'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import type { BenchOptions } from './benchmark.ts'
import type { Servers } from './servers.ts'

const settingsSql = `
  select string_agg(name || '=' || current_setting(name), ' ' order by name) as text
  from pg_settings
  where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'wal_level', 'jit')`

const postgresText = async (url: string): Promise<string> => {
  const database = pgDatabase({ url, max: 1 })
  try {
    const version = await database.query<{ version: string }>(
      `select current_setting('server_version') as version`,
    )
    const { rows } = await database.query<{ text: string }>(settingsSql)
    return `${version.rows[0]?.version}, ${rows[0]?.text}`
  } finally {
    await database.close()
  }
}

const require = createRequire(import.meta.url)

const clientVersion = (): string => {
  const { librdkafkaVersion } = require('@confluentinc/kafka-javascript')
  const { version } = require('@confluentinc/kafka-javascript/package.json')
  return `${version} (librdkafka ${librdkafkaVersion})`
}

/** What a figure depends on and a reader cannot see from it. */
export const conditionsOf = async (servers: Servers, options: BenchOptions) => ({
  machine: `${availableParallelism()} cores, ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  'load before the run': loadavg()[0]?.toFixed(1) ?? '?',
  node: `${process.version}, ${options.tsx ? 'TypeScript through tsx' : 'compiled JavaScript'}`,
  postgres: await postgresText(servers.databaseUrl),
  ...(servers.broker === undefined
    ? {}
    : { kafka: `one broker (${servers.broker})`, 'kafka client': clientVersion() }),
  'where all of it ran': 'load, library, PostgreSQL and broker on this machine, over TCP on 127.0.0.1',
})
