import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder, fillFolder } from './cache.mjs'
import { isInstalled, runLogged } from './command.mjs'
import { InstallFailure } from './failure.mjs'
import { step } from './progress.mjs'

const pom = fileURLToPath(new URL('../kafka/pom.xml', import.meta.url))

const alternatives = 'or run a container engine, or set KAFKA_BROKERS to a broker that already runs'

/** @param {string} folder */
const hasBroker = (folder) => existsSync(join(folder, 'lib'))

/** The folder of the jars for this pom, present or not: another pom, another folder. */
export const brokerJarsFolder = () => {
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16)
  return join(cacheFolder(), 'kafka-broker', hash)
}

/** @param {string} program */
const requireProgram = (program) => {
  if (isInstalled(program)) return
  const debian = program === 'mvn' ? 'maven' : 'openjdk-17-jre-headless'
  throw new InstallFailure(`the Kafka broker needs ${program}, which is not installed`, {
    fix: `apt-get install ${debian}, ${alternatives}`,
  })
}

/**
 * The class path of a Kafka broker; downloads it from Maven Central when it is not in the cache (54 MB).
 *
 * @returns {Promise<string>}
 */
export const brokerClassPath = async () => {
  const folder = brokerJarsFolder()
  requireProgram('java')
  if (!hasBroker(folder)) {
    requireProgram('mvn')
    await step('downloading the Kafka broker (54 MB)', () =>
      fillFolder(folder, (draft) =>
        runLogged(
          'maven',
          [
            ...['mvn', '-q', '-B', '-f', pom, 'dependency:copy-dependencies'],
            ...['-DincludeScope=runtime', `-DoutputDirectory=${join(draft, 'lib')}`],
          ],
          { fix: `allow access to Maven Central, ${alternatives}` },
        ),
      ),
    )
  }
  return join(folder, 'lib', '*')
}
