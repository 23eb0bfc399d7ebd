import type { Duplex } from 'node:stream'
import { OnewriteError } from '../error/onewrite-error.ts'
import { napDuringBursts } from './nap.ts'
import { pgoutputDecoder } from './pgoutput.ts'
import type { Change, ReplicationStream } from './replication.ts'
import { standby } from './standby-status.ts'

export interface Intake extends ReplicationStream {
  /** One message of the walsender. */
  receive(message: Buffer): void
  /** The stream is over; what arrived before can still be taken. Sends the last acknowledgement. */
  end(fault: unknown): void
}

export interface IntakeOptions {
  readonly socket: Duplex
  readonly slot: string
  /** Bytes that may wait to be taken. */
  readonly bufferBytes: number
  /** Milliseconds between two status messages while nothing is acknowledged. */
  readonly statusEvery: number
  /** Whether to rest the socket during bursts. */
  readonly naps: boolean
}

const data = 'w'.charCodeAt(0)
const keepalive = 'k'.charCodeAt(0)
/** Tag, beginning and end in the log, and time of an XLogData message. */
const dataHeader = 25

/** What arrived and was not taken yet. */
interface Buffered {
  add(change: Change): void
  /** Resolves at once where something waits. */
  arrived(signal: AbortSignal): Promise<void>
  take(): readonly Change[]
  end(fault: unknown): void
  readonly ended: boolean
}

const buffered = (): Buffered => {
  let waiting: Change[] = []
  let ended = false
  let fault: unknown
  let wake: (() => void) | undefined
  return {
    add: (change) => {
      // Only the last of several in a row says something.
      if (change.kind === 'keepalive' && waiting.at(-1)?.kind === 'keepalive') waiting.pop()
      waiting.push(change)
      wake?.()
    },
    arrived: (signal) =>
      new Promise((resolve) => {
        if (waiting.length > 0 || ended || signal.aborted) return resolve()
        const done = (): void => {
          wake = undefined
          signal.removeEventListener('abort', done)
          resolve()
        }
        wake = done
        signal.addEventListener('abort', done, { once: true })
      }),
    take: () => {
      if (waiting.length === 0 && ended) throw fault
      const taken = waiting
      waiting = []
      return taken
    },
    end: (cause) => {
      if (ended) return
      ended = true
      fault = cause
      wake?.()
    },
    get ended() {
      return ended
    },
  }
}

/**
 * Decodes while messages arrive, because their bytes belong to the client's buffer, and pauses the socket while too
 * much waits to be taken. Status messages go on meanwhile: with a timeout of 4 s a reader paused for 11 s stayed
 * connected.
 */
export const replicationIntake = (options: IntakeOptions): Intake => {
  const { socket, slot, bufferBytes, statusEvery, naps } = options
  const decoder = pgoutputDecoder()
  const changes = buffered()
  let bytes = 0
  const isListening = (): boolean => bytes < bufferBytes

  const end = (fault: unknown): void => {
    if (changes.ended) return
    changes.end(fault)
    reports.stop()
  }

  const onSilence = (): void => {
    end(new OnewriteError('REPLICATION_ENDED', { slot, cause: 'the server does not answer' }))
    socket.destroy()
  }

  const reports = standby({ socket, every: statusEvery, isListening, onSilence })
  if (naps) napDuringBursts(socket, isListening)

  const look = (message: Buffer): void => {
    const tag = message.readUInt8(0)
    if (tag === keepalive) {
      changes.add({ kind: 'keepalive', end: message.readBigUInt64BE(1) })
      if (message.readUInt8(17) === 1) reports.answer()
    } else if (tag === data) {
      const change = decoder.decode(message, dataHeader)
      if (change !== undefined) changes.add(change)
      bytes += message.length
      if (!isListening()) socket.pause()
    }
  }

  return {
    receive: (message) => {
      if (changes.ended) return
      reports.heard()
      try {
        look(message)
      } catch (error) {
        end(error)
      }
    },
    end,
    arrived: changes.arrived,
    acknowledge: reports.acknowledge,
    take: () => {
      const wasListening = isListening()
      bytes = 0
      if (!wasListening) socket.resume()
      return changes.take()
    },
  }
}
