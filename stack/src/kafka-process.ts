import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brokerAnswers } from './broker-answers.ts'
import { type BrokerPorts, brokerProperties, clusterId } from './broker-config.ts'
import { until } from './until.ts'

const startTimeout = 60_000

/** Where one broker keeps its properties, its data and its log. */
export interface BrokerHome {
  readonly folder: string
  readonly classPath: string
  readonly ports: BrokerPorts
  /** Removed when the broker is closed. */
  readonly temporary: boolean
  /** Default `start`. */
  readonly tunedFor?: 'start' | 'throughput'
}

export interface KafkaProcess {
  readonly running: boolean
  signal(signal: NodeJS.Signals): void
  /** Sends the signal and resolves when the process is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

const propertiesFile = (home: BrokerHome): string => join(home.folder, 'server.properties')
const logFile = (home: BrokerHome): string => join(home.folder, 'server.log')

const logTail = async (home: BrokerHome): Promise<string> => {
  const text = await readFile(logFile(home), 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-20).join('\n')
}

const spawnJava = async (home: BrokerHome, parameters: readonly string[]): Promise<ChildProcess> => {
  const log = await open(logFile(home), 'a')
  try {
    // Its native libraries are unpacked there; a broker that is killed would leave them behind.
    return spawn('java', [`-Djava.io.tmpdir=${home.folder}`, '-cp', home.classPath, ...parameters], {
      stdio: ['ignore', log.fd, log.fd],
      // Ctrl-C in a terminal goes to the whole group; the broker has to outlive the drain of its clients.
      detached: true,
    })
  } finally {
    await log.close()
  }
}

/** Writes the properties and formats the storage, once; a formatted folder is taken over as it is. */
export const formatStorage = async (home: BrokerHome): Promise<void> => {
  const data = join(home.folder, 'data')
  await mkdir(data, { recursive: true })
  await writeFile(propertiesFile(home), brokerProperties(home.ports, data))
  if (existsSync(join(data, 'meta.properties'))) return
  const tool = await spawnJava(home, [
    ...['-XX:TieredStopAtLevel=1', 'kafka.tools.StorageTool', 'format', '--standalone'],
    ...['-t', clusterId(), '-c', propertiesFile(home)],
  ])
  const [code] = await once(tool, 'exit')
  if (code !== 0) throw new Error(`kafka.tools.StorageTool format ended with ${code}\n${await logTail(home)}`)
}

const whenAnswering = async (home: BrokerHome, child: ChildProcess): Promise<void> => {
  const gone = (): boolean => child.exitCode !== null || child.signalCode !== null
  const settled = async (): Promise<boolean> =>
    gone() || (await brokerAnswers('127.0.0.1', home.ports.client))
  const answered = await until(settled, startTimeout)
  if (answered && !gone()) return
  child.kill('SIGKILL')
  const what = answered ? 'ended while starting' : `did not answer within ${startTimeout / 1000} s`
  throw new Error(`the Kafka broker ${what}\n${await logTail(home)}`)
}

/** Starts the broker of this home and resolves when it answers. */
export const startProcess = async (home: BrokerHome): Promise<KafkaProcess> => {
  const tuning = home.tunedFor !== 'throughput' ? ['-XX:TieredStopAtLevel=1'] : []
  const parameters = [...tuning, '-Xms128m', '-Xmx512m', 'kafka.Kafka', propertiesFile(home)]
  const child = await spawnJava(home, parameters)
  if (child.pid === undefined) throw new Error('java could not be started')
  const pidFile = join(home.folder, 'pid')
  writeFileSync(pidFile, String(child.pid))
  let running = true
  const exit = once(child, 'exit').then(() => {
    running = false
    rmSync(pidFile, { force: true })
  })
  child.unref()
  await whenAnswering(home, child)
  return {
    get running() {
      return running
    },
    signal: (signal) => void child.kill(signal),
    end: async (signal) => {
      child.ref()
      if (running) child.kill(signal)
      await exit
    },
  }
}
