import { OnewriteError } from '../error/onewrite-error.ts'

/** Reads a binary message from front to back. Every method throws UNREADABLE_WAL where the message is too short. */
export interface MessageReader {
  /** Turns to the next message, from an offset on. */
  begin(message: Buffer, offset: number): void
  uint8(): number
  uint16(): number
  uint32(): number
  int32(): number
  uint64(): bigint
  int64(): bigint
  /** One byte as a character. */
  letter(): string
  /** Text up to a zero byte. */
  text(): string
  /** Text with its length, a 32-bit number, before it. */
  sized(): string
  /** A copy of the next bytes. */
  bytes(length: number): Buffer
  skipRest(): void
  ended(): boolean
}

/** One reader for all messages: three of them come with every small transaction, and making a reader costs more. */
export const messageReader = (): MessageReader => {
  let source: Buffer = Buffer.alloc(0)
  let first = 0
  let at = 0

  const take = (length: number): number => {
    const start = at
    at += length
    if (at <= source.length) return start
    const cause = `it ends after ${source.length - first} bytes, in the middle of a value`
    throw new OnewriteError('UNREADABLE_WAL', { cause })
  }

  return {
    begin: (message, offset) => {
      source = message
      first = offset
      at = offset
    },
    uint8: () => source.readUInt8(take(1)),
    uint16: () => source.readUInt16BE(take(2)),
    uint32: () => source.readUInt32BE(take(4)),
    int32: () => source.readInt32BE(take(4)),
    uint64: () => source.readBigUInt64BE(take(8)),
    int64: () => source.readBigInt64BE(take(8)),
    letter: () => String.fromCharCode(source.readUInt8(take(1))),
    text: () => {
      const end = source.indexOf(0, at)
      const start = take(end < at ? source.length : end - at + 1)
      return source.toString('utf8', start, at - 1)
    },
    sized: () => {
      const length = source.readUInt32BE(take(4))
      const start = take(length)
      return source.toString('utf8', start, at)
    },
    bytes: (length) => {
      const start = take(length)
      return Buffer.from(source.subarray(start, at))
    },
    skipRest: () => {
      at = source.length
    },
    ended: () => at === source.length,
  }
}
