import { fileURLToPath } from 'node:url'
import { classPathOf, requireProgram } from './maven-jars.mjs'

const jars = {
  pom: fileURLToPath(new URL('../debezium/pom.xml', import.meta.url)),
  name: 'debezium',
  what: 'Kafka Connect and Debezium (41 MB)',
  alternatives: '; nothing but the recording of vectors and one benchmark needs it',
}

/**
 * The class path of Kafka Connect with Debezium's PostgreSQL connector; downloads it from Maven Central when it is not
 * in the cache.
 *
 * @returns {Promise<string>}
 */
export const connectClassPath = () => classPathOf(jars)

/** What is recorded is read back by a small program that Java compiles as it starts it. */
export const requireCompiler = () => requireProgram('javac', jars)
