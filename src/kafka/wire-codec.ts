/** Builds the body of a request of the Kafka protocol, in its older form without tagged fields. */
export const body = (...parts: readonly Buffer[]): Buffer => Buffer.concat(parts)

export const int8 = (value: number): Buffer => {
  const bytes = Buffer.alloc(1)
  bytes.writeInt8(value)
  return bytes
}

export const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

export const text = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  return body(int16(bytes.length), bytes)
}

export const blob = (value: Buffer): Buffer => body(int32(value.length), value)

export const array = (items: readonly Buffer[]): Buffer => body(int32(items.length), ...items)

/** All of them, where a list is asked for. */
export const everything = int32(-1)

/** Reads a response from its beginning to its end. */
export interface Cursor {
  int8(): number
  int16(): number
  int32(): number
  /** Null where the text is absent. */
  text(): string | null
  list<Item>(read: () => Item): readonly Item[]
}

export const cursor = (bytes: Buffer, start = 0): Cursor => {
  let at = start
  const step = (length: number): number => {
    at += length
    return at - length
  }
  const self: Cursor = {
    int8: () => bytes.readInt8(step(1)),
    int16: () => bytes.readInt16BE(step(2)),
    int32: () => bytes.readInt32BE(step(4)),
    text: () => {
      const length = self.int16()
      if (length < 0) return null
      const from = step(length)
      return bytes.toString('utf8', from, from + length)
    },
    list: (read) => {
      const length = self.int32()
      // Every item takes a byte at least; more of them than that is not an answer of a Kafka broker.
      if (length > bytes.length - at)
        throw new RangeError(`a list of ${length} items does not fit the response`)
      return Array.from({ length: Math.max(0, length) }, read)
    },
  }
  return self
}
