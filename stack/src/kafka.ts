import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerClassPath } from '../install/broker-jars.mjs'
import { freePorts } from './free-port.ts'
import { createContainer, hasContainerEngine } from './kafka-container.ts'
import { type BrokerHome, formatStorage, type KafkaProcess, startProcess } from './kafka-process.ts'
import { watchHome } from './watch-orphan.ts'

export interface Kafka {
  /** `host:port`, or several separated by commas when KAFKA_BROKERS names them. */
  readonly brokers: string
  readonly source: 'KAFKA_BROKERS' | 'container' | 'process'
  /** Ends the broker at once, as a power cut does; `start` brings it back with the same port and data. */
  kill(): Promise<void>
  /** Ends the broker in an orderly way; `start` brings it back. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Freezes the broker: its connections stay open and nothing answers. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Ends the broker and removes its data, unless the data directory was named by the caller. */
  close(): Promise<void>
}

export interface KafkaOptions {
  /** Kept after `close` and taken up again; by default a folder below the system's temporary one. */
  readonly dataDirectory?: string
  /** Default: a free one. */
  readonly port?: number
  /**
   * `start` (default): the Java compiler stops at its first level, which takes a third off the processor time of a start
   * (3.6 s instead of 5.4 s). `throughput`: as in production, for benchmarks.
   */
  readonly tunedFor?: 'start' | 'throughput'
}

const external = (brokers: string): Kafka => {
  const refuse = async (): Promise<never> => {
    throw new Error('a broker named by KAFKA_BROKERS is not ours to stop')
  }
  const nothing = async (): Promise<void> => {}
  const refusals = { kill: refuse, start: refuse, pause: refuse, resume: refuse }
  return { brokers, source: 'KAFKA_BROKERS', stop: nothing, close: nothing, ...refusals }
}

const inContainer = async (options: KafkaOptions): Promise<Kafka> => {
  const port = options.port ?? (await freePorts(1))[0] ?? 0
  const container = await createContainer(port)
  await container.start().catch(async (error: unknown) => {
    await container.remove()
    throw error
  })
  return {
    brokers: `127.0.0.1:${port}`,
    source: 'container',
    kill: () => container.command('kill'),
    stop: () => container.command('stop'),
    start: () => container.start(),
    pause: () => container.command('pause'),
    resume: () => container.command('unpause'),
    close: () => container.remove(),
  }
}

const alreadyStarted = async (): Promise<never> => {
  throw new Error('the Kafka broker is running already')
}

const controlled = (home: BrokerHome, first: KafkaProcess, callOff: () => void): Kafka => {
  let broker = first
  return {
    brokers: `127.0.0.1:${home.ports.client}`,
    source: 'process',
    kill: () => broker.end('SIGKILL'),
    stop: () => broker.end('SIGTERM'),
    start: async () => {
      broker = broker.running ? await alreadyStarted() : await startProcess(home)
    },
    pause: async () => broker.signal('SIGSTOP'),
    resume: async () => broker.signal('SIGCONT'),
    close: async () => {
      await broker.end('SIGKILL')
      callOff()
      if (home.temporary) await rm(home.folder, { recursive: true, force: true })
    },
  }
}

/** The controller's port is part of the quorum that the storage remembers: a folder that is used again keeps it. */
const portsOf = async (folder: string, port: number | undefined): Promise<BrokerHome['ports']> => {
  const file = join(folder, 'server.properties')
  const text = existsSync(file) ? await readFile(file, 'utf8') : ''
  const [, oldClient, oldController] =
    /^listeners=PLAINTEXT:\/\/127\.0\.0\.1:(\d+),CONTROLLER:\/\/127\.0\.0\.1:(\d+)$/m.exec(text) ?? []
  const [client = 0, controller = 0] = await freePorts(2)
  return { client: port ?? Number(oldClient ?? client), controller: Number(oldController ?? controller) }
}

const startOnce = async (classPath: string, options: KafkaOptions): Promise<Kafka> => {
  const folder = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'onewrite-kafka-')))
  const temporary = options.dataDirectory === undefined
  const callOff = watchHome(folder, !temporary)
  try {
    const ports = await portsOf(folder, options.port)
    const { tunedFor = 'start' } = options
    const home: BrokerHome = { folder, classPath, ports, temporary, tunedFor }
    await formatStorage(home)
    return controlled(home, await startProcess(home), callOff)
  } catch (error) {
    callOff()
    if (temporary) await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** A free port can be taken by another program before the broker binds it. */
const inProcess = async (options: KafkaOptions, attempt = 1): Promise<Kafka> => {
  const classPath = await brokerClassPath()
  return startOnce(classPath, options).catch((error: unknown) => {
    const portTaken = error instanceof Error && /Address already in use/.test(error.message)
    if (!portTaken || options.port !== undefined || attempt === 3) throw error
    return inProcess(options, attempt + 1)
  })
}

/**
 * A real broker: the one KAFKA_BROKERS names, else a container where an engine runs, else a Java process. Nothing of
 * it outlives this process, not even after SIGKILL.
 */
export const startKafka = async (options: KafkaOptions = {}): Promise<Kafka> => {
  const named = process.env['KAFKA_BROKERS']
  if (named) return external(named)
  // A container keeps its data itself, so a folder that the caller names needs the process.
  if (options.dataDirectory === undefined && (await hasContainerEngine())) return inContainer(options)
  return inProcess(options)
}
