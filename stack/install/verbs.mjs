import { brokerClassPath } from './broker-jars.mjs'
import { describeFailure, InstallFailure } from './failure.mjs'
import { installKafkaClient } from './kafka-client.mjs'
import { installNodeModules } from './node-modules.mjs'
import { installPgbouncer } from './pgbouncer.mjs'
import { runProgram } from './program.mjs'
import { say } from './progress.mjs'
import { installRedis } from './redis.mjs'

const inCi = process.env['CI'] === 'true'

/** The broker's jars are needed only where no other broker is at hand; `startKafka` decides that itself. */
const prefetchBroker = async () => {
  if (!process.env['KAFKA_BROKERS']) await brokerClassPath()
}

/**
 * Tests that need Kafka are left out where it cannot be had, except under CI: there the run fails.
 *
 * @param {() => Promise<void>} install
 */
const orGoOn = async (install) => {
  try {
    await install()
  } catch (error) {
    if (inCi || !(error instanceof InstallFailure)) throw error
    say(describeFailure(error))
    say('going on without it; the tests that need it are counted as skipped')
  }
}

const installForTests = async () => {
  await orGoOn(installKafkaClient)
  await orGoOn(prefetchBroker)
  await installPgbouncer()
  await installRedis()
}

/** @param {...string} parameters */
const tool = (...parameters) => ({ file: `node_modules/${parameters[0]}`, parameters: parameters.slice(1) })

/** @param {string} file */
const source = (file) => ({ file, parameters: /** @type {string[]} */ ([]) })

const vitest = tool('vitest/vitest.mjs', 'run')

/**
 * What a verb installs, and the programs it runs one after the other; the arguments go to the last one.
 *
 * @type {Record<string, {
 *   install: (given: readonly string[]) => Promise<void>,
 *   programs: readonly { file: string, parameters: readonly string[] }[],
 * }>}
 */
const verbs = {
  start: {
    install: async (given) => (given.includes('--kafka') ? installKafkaClient() : undefined),
    programs: [source('shop/src/main.ts')],
  },
  test: { install: installForTests, programs: [vitest] },
  verify: {
    install: installForTests,
    programs: [tool('typescript/bin/tsc', '-p', 'tsconfig.build.json'), vitest],
  },
  bench: { install: installKafkaClient, programs: [source('bench/src/main.ts')] },
  stack: { install: async () => {}, programs: [source('stack/src/main.ts')] },
  'kafka:install': {
    install: async () => {
      await installKafkaClient()
      say('the Kafka client is ready')
    },
    programs: [],
  },
}

/** @param {readonly string[]} words */
const run = async ([name = '', ...given]) => {
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (verb === undefined) {
    throw new InstallFailure(`unknown command ${JSON.stringify(name)}`, {
      fix: `one of: ${Object.keys(verbs).join(', ')}`,
    })
  }
  await installNodeModules()
  await verb.install(given)
  for (const [index, { file, parameters }] of verb.programs.entries()) {
    const last = index === verb.programs.length - 1
    const code = await runProgram(file, last ? [...parameters, ...given] : parameters)
    if (code !== 0) return code
  }
  return 0
}

/** @param {readonly string[]} words the verb and its arguments */
export const runVerb = async (words) => {
  try {
    process.exitCode = await run(words)
  } catch (error) {
    process.exitCode = 1
    if (error instanceof InstallFailure) console.error(describeFailure(error))
    else throw error
  }
}
