import { readdirSync, readlinkSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { buildOfThisMachine, cacheKey, storeClient } from '../../stack/install/client-cache.mjs'
import { type SpareClone, spareClone } from './spare-clone.ts'

const clones: SpareClone[] = []

afterEach(() => {
  vi.unstubAllEnvs()
  for (const { folder } of clones.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const makeClone = (): SpareClone => {
  const clone = spareClone({ installed: true })
  clones.push(clone)
  return clone
}

const compiledBuild = (): string => {
  const { resolve } = createRequire(import.meta.url)
  return join(dirname(resolve('@confluentinc/kafka-javascript/package.json')), 'build')
}

const key = (): string => cacheKey(buildOfThisMachine('1.10.1'))

const fillCache = async (clone: SpareClone): Promise<void> => {
  vi.stubEnv('ONEWRITE_CACHE', clone.cache)
  await storeClient(key(), compiledBuild())
}

const buildIn = (clone: SpareClone): string =>
  join(clone.folder, 'node_modules/@confluentinc/kafka-javascript/build')

test('a clone without a compiled client restores it from the cache and does not compile', async () => {
  const clone = makeClone()
  await fillCache(clone)
  clone.replaceProgram('npm', 1, 'npm was called')
  const { code, output } = clone.run('stack/run.mjs', 'kafka:install')
  expect(output).toContain('the Kafka client is ready')
  expect(output).not.toMatch(/compiling|prebuilt|npm was called/)
  expect(code).toBe(0)
})

test('links to the library stay links, and leftovers of the build stay out', async () => {
  const clone = makeClone()
  await fillCache(clone)
  clone.run('stack/run.mjs', 'kafka:install')
  expect(readdirSync(join(buildIn(clone), 'Release'))).toEqual(['confluent-kafka-javascript.node'])
  expect(readlinkSync(join(buildIn(clone), 'deps', 'librdkafka.so'))).toBe('librdkafka.so.1')
})

test('a client that cannot be compiled says what failed, where the log is and what to run', () => {
  const clone = makeClone()
  clone.replaceProgram('dpkg', 0)
  clone.replaceProgram('npm', 1, 'fatal error: openssl/ssl.h: No such file or directory')
  const { code, output } = clone.run('stack/run.mjs', 'kafka:install')
  expect(code).toBe(1)
  expect(output).toContain('npm rebuild @confluentinc/kafka-javascript')
  expect(output).toContain('fatal error: openssl/ssl.h')
  expect(output).toMatch(/log: .*kafka-client-compile/)
  expect(output).toMatch(/to fix: .*CKJS_LINKING=dynamic npm rebuild/)
})

test('a damaged copy in the cache is not used twice', async () => {
  const clone = makeClone()
  await fillCache(clone)
  rmSync(join(clone.cache, 'kafka-client', key(), 'deps'), { recursive: true })
  clone.replaceProgram('dpkg', 0)
  clone.replaceProgram('npm', 1, 'it was compiled anew')
  const { output } = clone.run('stack/run.mjs', 'kafka:install')
  expect(output).toContain('it was compiled anew')
  expect(readdirSync(join(clone.cache, 'kafka-client'))).toEqual([])
})
