import { fileURLToPath } from 'node:url'
import { classPathOf, jarsFolder } from './maven-jars.mjs'

const jars = {
  pom: fileURLToPath(new URL('../kafka/pom.xml', import.meta.url)),
  name: 'kafka-broker',
  what: 'the Kafka broker (54 MB)',
  alternatives: ', or run a container engine, or set KAFKA_BROKERS to a broker that already runs',
}

/** The folder of the jars for this pom, present or not: another pom, another folder. */
export const brokerJarsFolder = () => jarsFolder(jars)

/**
 * The class path of a Kafka broker; downloads it from Maven Central when it is not in the cache.
 *
 * @returns {Promise<string>}
 */
export const brokerClassPath = () => classPathOf(jars)
