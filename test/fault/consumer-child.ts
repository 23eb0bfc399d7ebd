import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type Build, theConsumer } from './build.ts'
import { type Report, readReport } from './reported.ts'

export interface ConsumerSettings {
  readonly databaseUrl: string
  /** Empty: it reads the log itself. */
  readonly brokers: string
  readonly topic: string
  readonly consumer: string
  /** Milliseconds after which a silent instance has lost what it read. */
  readonly sessionTimeout: number
  /** Milliseconds that a handler may take. Default 5,000. */
  readonly handlerTimeout?: number
  /** Default: src as it is. */
  readonly build?: Build
}

export interface ConsumerChild {
  readonly pid: number | undefined
  readonly ended: Promise<void>
  readonly hasEnded: () => boolean
  /** Partitions that it believes it has. */
  readonly partitions: ReadonlySet<string>
  /** For example `consumer.handled=kill@3`; what was armed before is disarmed. Resolves once that is so, or it ended. */
  arm(failpoints: string): Promise<void>
  kill(): Promise<void>
  /** SIGTERM. Resolves once it has ended, with whether it ended by itself and in good order. */
  leave(): Promise<boolean>
  freeze(): void
  isFrozen(): Promise<boolean>
  thaw(): void
  /** The last lines it printed. */
  output(): string
}

const environmentOf = (settings: ConsumerSettings): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_OPTIONS: '',
  DATABASE_URL: settings.databaseUrl,
  BROKERS: settings.brokers,
  TOPIC: settings.topic,
  CONSUMER: settings.consumer,
  SESSION_TIMEOUT: String(settings.sessionTimeout),
  HANDLER_TIMEOUT: String(settings.handlerTimeout ?? 5_000),
})

/** Starts one instance; `heard` is told what it reports. */
export const startConsumerChild = (
  settings: ConsumerSettings,
  heard: (report: Report) => void = () => undefined,
): ConsumerChild => {
  const { program } = settings.build ?? theConsumer()
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: environmentOf(settings),
  })
  const partitions = new Set<string>()
  let output = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4000)
  })
  const answers: (() => void)[] = []
  child.on('message', (text) => {
    if (text === 'armed') answers.shift()?.()
    const report = readReport(String(text))
    if (report === undefined) return
    if (report.what === 'assigned') partitions.add(report.partition)
    if (report.what === 'revoked') partitions.delete(report.partition)
    heard(report)
  })
  const ended = once(child, 'exit').then(() => undefined)
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  return {
    pid: child.pid,
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    partitions,
    arm: async (failpoints) => {
      const armed = new Promise<void>((resolve) => answers.push(resolve))
      // One that is just dying does not take it: `ended` tells.
      if (child.connected) child.send(failpoints, () => undefined)
      await Promise.race([armed, ended])
    },
    kill,
    leave: async () => {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 60_000)
      await ended
      clearTimeout(late)
      return child.exitCode === 0
    },
    freeze: () => void child.kill('SIGSTOP'),
    isFrozen: async () => /^\d+ \(.*\) T /.test(await readFile(`/proc/${child.pid}/stat`, 'utf8')),
    thaw: () => void child.kill('SIGCONT'),
    output: () => output,
  }
}
