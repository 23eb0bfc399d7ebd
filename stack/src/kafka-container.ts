import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { brokerAnswers } from './broker-answers.ts'
import { brokerVariables } from './broker-config.ts'
import { until } from './until.ts'
import { watchContainer } from './watch-orphan.ts'

const image = 'apache/kafka:4.3.1'
const startTimeout = 60_000
const run = promisify(execFile)

/** Whether there is a container engine that answers, and not merely its command line client. */
export const hasContainerEngine = async (): Promise<boolean> =>
  run('docker', ['info'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  )

export interface KafkaContainer {
  start(): Promise<void>
  command(name: 'kill' | 'stop' | 'pause' | 'unpause'): Promise<void>
  remove(): Promise<void>
}

/** A broker in a container; its data lives as long as the container, so it can be killed and started again. */
export const createContainer = async (port: number): Promise<KafkaContainer> => {
  const variables = brokerVariables({ client: port, controller: 9093 }).flatMap((text) => ['-e', text])
  const { stdout } = await run('docker', ['create', '-p', `127.0.0.1:${port}:9092`, ...variables, image])
  const id = stdout.trim()
  const callOff = watchContainer(id)
  return {
    start: async () => {
      await run('docker', ['start', id])
      if (await until(() => brokerAnswers('127.0.0.1', port), startTimeout)) return
      const logs = await run('docker', ['logs', '--tail', '20', id])
      throw new Error(`the Kafka broker in container ${id} does not answer\n${logs.stdout}${logs.stderr}`)
    },
    command: async (name) => {
      await run('docker', [name, id])
    },
    remove: async () => {
      callOff()
      await run('docker', ['rm', '--force', '--volumes', id])
    },
  }
}
