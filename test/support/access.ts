import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { brokerClassPath } from '../../stack/install/broker-jars.mjs'

const run = promisify(execFile)

export interface Grant {
  /** Of a broker that authorises, where nobody is asked. */
  readonly broker: string
  readonly user: string
  readonly topic: string
  readonly operation: 'Describe' | 'Read' | 'All'
}

/**
 * Lets a user do something with a topic; from the first grant on, everybody else may do nothing with it. Kafka's own
 * tool: the client has no words for access control lists.
 */
export const grant = async ({ broker, user, topic, operation }: Grant): Promise<void> => {
  await run('java', [
    ...['-XX:TieredStopAtLevel=1', '-cp', await brokerClassPath(), 'org.apache.kafka.tools.AclCommand'],
    ...['--bootstrap-server', broker, '--add', '--allow-principal', `User:${user}`],
    ...['--operation', operation, '--topic', topic],
  ])
}
