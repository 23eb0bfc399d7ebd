import { OnewriteError } from '../error/onewrite-error.ts'

/** Reads a binary message from front to back. Every method throws UNREADABLE_WAL where the message is too short. */
export interface MessageReader {
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

export const messageReader = (source: Buffer, offset: number): MessageReader => {
  let at = offset

  const take = (length: number): number => {
    const start = at
    at += length
    if (at <= source.length) return start
    const cause = `it ends after ${source.length - offset} bytes, in the middle of a value`
    throw new OnewriteError('UNREADABLE_WAL', { cause })
  }

  return {
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
