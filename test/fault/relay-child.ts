import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { SourceName } from '../../src/service/service-options.ts'
import { type Build, theRelay } from './build.ts'

export interface RelaySettings {
  readonly databaseUrl: string
  readonly brokers: string
  readonly topic: string
  readonly delivery: 'exactly-once' | 'at-least-once'
  /** Name of the relay. Default: fault. */
  readonly relay?: string
  /** Default: table. */
  readonly source?: SourceName
  /** Default: src as it is. */
  readonly build?: Build
  /** Milliseconds after which Kafka aborts an open transaction. */
  readonly transactionTimeout?: number
}

export interface RelayChild {
  /** Resolves once the service has started, or the process has ended. */
  readonly started: Promise<void>
  /** Resolves once it leads and has published what it found, or the process has ended. */
  readonly leading: Promise<void>
  readonly ended: Promise<void>
  readonly hasEnded: () => boolean
  kill(): Promise<void>
  /** Drains and exits; killed when that takes longer than 20 s. */
  stop(): Promise<void>
  /** Whether SIGSTOP has frozen it. */
  isStopped(): Promise<boolean>
  resume(): void
  /** Bytes of memory it was resident with at most. */
  peakMemory(): Promise<number>
  /** The last lines it printed. */
  output(): string
}

const launch = (settings: RelaySettings, failpoints: string): ChildProcess =>
  spawn(process.execPath, [(settings.build ?? theRelay()).program], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      ONEWRITE_FAILPOINTS: failpoints,
      DATABASE_URL: settings.databaseUrl,
      BROKERS: settings.brokers,
      TOPIC: settings.topic,
      DELIVERY: settings.delivery,
      RELAY: settings.relay ?? 'fault',
      SOURCE: settings.source ?? 'table',
      TRANSACTION_TIMEOUT: String(settings.transactionTimeout ?? 60_000),
    },
  })

const peakOf = async (pid: number | undefined): Promise<number> => {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  if (kibibytes === undefined) throw new Error(`process ${pid} does not say how much memory it had`)
  return Number(kibibytes) * 1024
}

/** Starts a relay with failpoints armed, for example `relay.published=kill@3`. */
export const startRelayChild = (settings: RelaySettings, failpoints = ''): RelayChild => {
  const child = launch(settings, failpoints)
  let output = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4000)
  })
  const ended = once(child, 'exit').then(() => undefined)
  const told = (what: string): Promise<void> =>
    new Promise((resolve) => child.on('message', (message) => message === what && resolve()))
  const started = Promise.race([told('started'), ended])
  const leading = Promise.race([told('leading'), ended])
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  return {
    started,
    leading,
    ended,
    hasEnded,
    kill,
    output: () => output,
    isStopped: async () => /^\d+ \(.*\) T /.test(await readFile(`/proc/${child.pid}/stat`, 'utf8')),
    resume: () => void child.kill('SIGCONT'),
    peakMemory: () => peakOf(child.pid),
    stop: async () => {
      if (hasEnded()) return
      child.send('stop')
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000)
      await ended
      clearTimeout(late)
    },
  }
}
