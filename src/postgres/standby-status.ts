import type { Duplex } from 'node:stream'

const letter = (text: string): number => text.charCodeAt(0)

/** Microseconds of 2000-01-01. */
const epoch = 946_684_800_000_000n

/** A standby status update, framed as CopyData: how far everything is dealt with. */
export const standbyStatus = (acknowledged: bigint, wantsAnswer: boolean): Buffer => {
  const message = Buffer.alloc(39)
  message.writeUInt8(letter('d'), 0)
  message.writeUInt32BE(38, 1)
  message.writeUInt8(letter('r'), 5)
  // Written, flushed and applied: only what is flushed decides what PostgreSQL forgets.
  message.writeBigUInt64BE(acknowledged, 6)
  message.writeBigUInt64BE(acknowledged, 14)
  message.writeBigUInt64BE(acknowledged, 22)
  message.writeBigInt64BE(BigInt(Date.now()) * 1000n - epoch, 30)
  message.writeUInt8(wantsAnswer ? 1 : 0, 38)
  return message
}

export interface StandbyOptions {
  readonly socket: Duplex
  /** Milliseconds between two messages while nothing is acknowledged. */
  readonly every: number
  /** Whether the socket is being read; while it is not, silence says nothing. */
  readonly isListening: () => boolean
  /** The server was asked several times and says nothing. */
  readonly onSilence: () => void
}

/** Keeps the walsender informed, also while nothing is read from it. */
export interface Standby {
  acknowledge(lsn: bigint): void
  /** The server asked. */
  answer(): void
  /** The server said something. */
  heard(): void
  /** Sends the last acknowledgement where there is still somebody to hear it. */
  stop(): void
}

const acknowledgeWithin = 100
/** Intervals without a word from the server, which is asked for one in each. */
const patience = 3

export const standby = ({ socket, every, isListening, onSilence }: StandbyOptions): Standby => {
  let acknowledged = 0n
  let acknowledging: NodeJS.Timeout | undefined
  let silent = 0

  const send = (wantsAnswer: boolean): void => {
    clearTimeout(acknowledging)
    acknowledging = undefined
    if (socket.writable) socket.write(standbyStatus(acknowledged, wantsAnswer))
  }

  const ticking = setInterval(() => {
    silent = isListening() ? silent + 1 : 0
    if (silent > patience) onSilence()
    else send(true)
  }, every)

  return {
    acknowledge: (lsn) => {
      if (lsn <= acknowledged) return
      acknowledged = lsn
      acknowledging ??= setTimeout(() => send(false), acknowledgeWithin)
    },
    answer: () => send(false),
    heard: () => {
      silent = 0
    },
    stop: () => {
      clearInterval(ticking)
      send(false)
    },
  }
}
