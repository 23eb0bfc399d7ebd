import type { Command } from 'commander'
import { OnewriteError } from '../error/onewrite-error.ts'
import type { KafkaOptions, KafkaSasl } from '../kafka/options.ts'

const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

type Env = Readonly<Record<string, string | undefined>>

/** Options of a command that may ask Kafka. Credentials come from the environment: everybody sees a command line. */
export const addKafkaOptions = (command: Command): Command =>
  command
    .option('--brokers <list>', 'also check Kafka: host:port,host:port')
    .option('--topics <list>', 'topics that events go to: order.events,invoice.events')
    .option('--kafka-ssl', 'connect to the brokers with TLS')
    .option('--kafka-insecure', 'allow brokers on other machines without TLS')

const saslOf = (env: Env): KafkaSasl | undefined => {
  const { KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = env
  if (username === undefined || password === undefined) return undefined
  const wanted = (env['KAFKA_SASL_MECHANISM'] ?? 'plain').toLowerCase()
  const mechanism = mechanisms.find((one) => one === wanted)
  if (mechanism !== undefined) return { mechanism, username, password }
  throw new OnewriteError('INVALID_USAGE', {
    fault: `KAFKA_SASL_MECHANISM ${wanted} is none of ${mechanisms.join(', ')}`,
    fix: 'Correct KAFKA_SASL_MECHANISM.',
  })
}

export const listOf = (value: unknown): readonly string[] =>
  String(value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** How to reach Kafka; undefined where no brokers are named. */
export const kafkaOptionsOf = (
  options: Readonly<Record<string, unknown>>,
  env: Env,
): KafkaOptions | undefined => {
  const brokers = listOf(options['brokers'])
  if (brokers.length === 0) return undefined
  const sasl = saslOf(env)
  return {
    brokers,
    ...(options['kafkaSsl'] === true ? { ssl: true } : {}),
    ...(options['kafkaInsecure'] === true ? { allowInsecure: true } : {}),
    ...(sasl === undefined ? {} : { sasl }),
  }
}
