import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { brokerJarsFolder } from '../../stack/install/broker-jars.mjs'
import { isInstalled } from '../../stack/install/command.mjs'
import { hasPgbouncer } from '../../stack/install/pgbouncer.mjs'
import { hasRedis } from '../../stack/install/redis.mjs'
import { hasContainerEngine } from '../../stack/src/kafka-container.ts'

/** Something that a kind of test file needs and that is not here. */
export interface MissingNeed {
  readonly need: string
  readonly suffix: string
  readonly reason: string
}

const clientFault = (): string | undefined => {
  const { resolve } = createRequire(import.meta.url)
  try {
    resolve('@confluentinc/kafka-javascript')
  } catch {
    return 'the Kafka client is not installed: npm run kafka:install'
  }
  // In a process of its own: loading a damaged native module can end the process instead of throwing.
  const loads = spawnSync(process.execPath, ['-e', "require('@confluentinc/kafka-javascript')"], {
    cwd: import.meta.dirname,
    stdio: 'ignore',
  })
  return loads.status === 0 ? undefined : 'the Kafka client does not load: npm run kafka:install'
}

const brokerFault = async (): Promise<string | undefined> => {
  if (process.env['KAFKA_BROKERS'] || (await hasContainerEngine())) return undefined
  if (!isInstalled('java')) return 'no KAFKA_BROKERS, no container engine and no java'
  if (!existsSync(brokerJarsFolder()) && !isInstalled('mvn'))
    return 'the broker is not downloaded, and no mvn'
  return undefined
}

/** What the tests need and this machine does not have, with the reason. */
export const missingNeeds = async (): Promise<readonly MissingNeed[]> => {
  const kafka = clientFault() ?? (await brokerFault())
  return [
    ...(kafka ? [{ need: 'Kafka', suffix: '.kafka.test.ts', reason: kafka }] : []),
    ...(hasPgbouncer()
      ? []
      : [
          {
            need: 'PgBouncer',
            suffix: '.pgbouncer.test.ts',
            reason: 'not installed: apt-get install pgbouncer',
          },
        ]),
    ...(hasRedis()
      ? []
      : [
          {
            need: 'Redis',
            suffix: '.redis.test.ts',
            reason: 'not installed: apt-get install redis-server',
          },
        ]),
  ]
}

const filesBelow = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file))
    : []

/** Tests left out because their file's need is missing, counted by their `test(` and `it(` calls. */
export const countTests = (root: string, suffix: string): number =>
  [...filesBelow(join(root, 'test')), ...filesBelow(join(root, 'shop', 'test'))]
    .filter((file) => file.endsWith(suffix))
    .map((file) => readFileSync(file, 'utf8').match(/^\s*(test|it)[.(]/gm)?.length ?? 0)
    .reduce((sum, count) => sum + count, 0)
