import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectClassPath } from '../install/connect-jars.mjs'
import { type ConnectorStatus, type ConnectRest, type ConnectSettings, connectRest } from './connect-rest.ts'
import { freePorts } from './free-port.ts'
import { until } from './until.ts'
import { watchOrphan } from './watch-orphan.ts'

export interface ConnectOptions {
  readonly brokers: string
  /** Of the worker, beyond the address of the broker and where offsets are kept. */
  readonly worker?: ConnectSettings
  /** Options of the Java virtual machine. Default: as in production, with a heap of up to 1 GiB. */
  readonly java?: readonly string[]
}

export interface Connect {
  readonly pid: number
  /** Creates a connector and waits until its task runs. */
  add(name: string, settings: ConnectSettings): Promise<void>
  status(name: string): Promise<ConnectorStatus>
  /** What the connector has committed, as it names it itself; undefined before its first record. */
  offset(name: string): Promise<Readonly<Record<string, unknown>> | undefined>
  /** Ends the task of a connector, which keeps its offset; `resume` starts it again and waits until it runs. */
  pause(name: string): Promise<void>
  resume(name: string): Promise<void>
  remove(name: string): Promise<void>
  /** MiB the process has resident now, and had at most. */
  memory(): Promise<{ readonly now: number; readonly most: number }>
  /** SIGTERM, and waits for the exit: until then the slots stay taken. */
  stop(): Promise<void>
}

const startTimeout = 120_000
const stopTimeout = 60_000

const propertiesText = (settings: ConnectSettings): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${String(value).replaceAll('\\', '\\\\')}\n`)
    .join('')

const workerSettings = ({ brokers, worker }: ConnectOptions, folder: string, port: number) => ({
  'bootstrap.servers': brokers,
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'offset.storage.file.filename': join(folder, 'offsets'),
  listeners: `http://127.0.0.1:${port}`,
  ...worker,
})

const logTail = async (folder: string): Promise<string> => {
  const text = await readFile(join(folder, 'connect.log'), 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-30).join('\n')
}

const spawnConnect = async (options: ConnectOptions, folder: string): Promise<ChildProcess> => {
  const log = await open(join(folder, 'connect.log'), 'a')
  try {
    const java = options.java ?? ['-Xms256m', '-Xmx1g']
    const main = ['-cp', await connectClassPath(), 'org.apache.kafka.connect.cli.ConnectStandalone']
    return spawn('java', [...java, ...main, join(folder, 'worker.properties')], {
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    })
  } finally {
    await log.close()
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const whenAnswering = async (child: ChildProcess, rest: ConnectRest, folder: string): Promise<void> => {
  const answered = await until(async () => hasEnded(child) || (await rest.answers()), startTimeout)
  if (answered && !hasEnded(child)) return
  child.kill('SIGKILL')
  throw new Error(
    `Kafka Connect ${answered ? 'ended while starting' : 'did not answer'}\n${await logTail(folder)}`,
  )
}

const memoryOf = async (pid: number): Promise<{ readonly now: number; readonly most: number }> => {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  const mebibytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) / 1024
  return { now: mebibytes('VmRSS'), most: mebibytes('VmHWM') }
}

const stopChild = async (child: ChildProcess): Promise<void> => {
  if (hasEnded(child)) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), stopTimeout)
  await exit
  clearTimeout(late)
}

const whenRunning = async (rest: ConnectRest, name: string): Promise<void> => {
  let status: ConnectorStatus = { state: 'UNASSIGNED' }
  const settled = async (): Promise<boolean> => {
    status = await rest.status(name)
    return status.state === 'RUNNING' || status.state === 'FAILED'
  }
  await until(settled, startTimeout)
  if (status.state !== 'RUNNING') throw new Error(`connector ${name} is ${status.state}\n${status.trace}`)
}

/**
 * A Kafka Connect worker of its own, standalone, with Debezium's connector on its class path. It is what the relay is
 * compared with: no test and no part of the product needs it. Nothing of it outlives this process.
 */
export const startConnect = async (options: ConnectOptions): Promise<Connect> => {
  const folder = await mkdtemp(join(tmpdir(), 'onewrite-connect-'))
  const [port = 0] = await freePorts(1)
  const rest = connectRest(port)
  await writeFile(join(folder, 'worker.properties'), propertiesText(workerSettings(options, folder, port)))
  const child = await spawnConnect(options, folder)
  const { pid } = child
  if (pid === undefined) throw new Error('java could not be started')
  const callOff = watchOrphan(pid, folder)
  await whenAnswering(child, rest, folder)
  return {
    pid,
    add: async (name, settings) => {
      await rest.create(name, settings)
      await whenRunning(rest, name)
    },
    status: (name) => rest.status(name),
    offset: (name) => rest.offset(name),
    pause: (name) => rest.stop(name),
    resume: async (name) => {
      await rest.resume(name)
      await whenRunning(rest, name)
    },
    remove: (name) => rest.remove(name),
    memory: () => memoryOf(pid),
    stop: async () => {
      await stopChild(child)
      callOff()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
