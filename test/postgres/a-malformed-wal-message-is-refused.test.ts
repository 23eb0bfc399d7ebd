import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isOnewriteError } from '../../src/error/onewrite-error.ts'
import { formatLsn, parseLsn } from '../../src/postgres/lsn.ts'
import { pgoutputDecoder } from '../../src/postgres/pgoutput.ts'

const zero = (text: string): Buffer => Buffer.from(`${text}\0`)
const number = (value: number, bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntBE(value, 0, bytes)
  return buffer
}
const sized = (text: string): Buffer => {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from('t'), number(bytes.length, 4), bytes])
}

/** A relation of so many text columns. */
const relation = (columns: number): Buffer =>
  Buffer.concat([
    Buffer.from('R'),
    number(7, 4),
    zero('public'),
    zero('things'),
    Buffer.from('d'),
    number(columns, 2),
    ...Array.from({ length: columns }, (_, index) =>
      Buffer.concat([number(0, 1), zero(`c${index}`), number(25, 4), number(0xffffffff, 4)]),
    ),
  ])

const insert = (values: readonly (string | null)[]): Buffer =>
  Buffer.concat([
    Buffer.from('I'),
    number(7, 4),
    Buffer.from('N'),
    number(values.length, 2),
    ...values.map((value) => (value === null ? Buffer.from('n') : sized(value))),
  ])

const values = fc.array(fc.option(fc.string({ unit: 'grapheme' })), { minLength: 1, maxLength: 8 })

it('values of any text, empty and null, come back as they are', () => {
  fc.assert(
    fc.property(values, (row) => {
      const decoder = pgoutputDecoder()
      expect(decoder.decode(relation(row.length))).toBeUndefined()
      expect(decoder.decode(insert(row))).toMatchObject({ kind: 'insert', values: row })
    }),
  )
})

const refused = (work: () => unknown): boolean => {
  try {
    work()
    return false
  } catch (error) {
    return isOnewriteError(error, 'UNREADABLE_WAL')
  }
}

it('a message cut off anywhere, or with bytes to spare, is refused', () => {
  fc.assert(
    fc.property(values, fc.nat(), (row, at) => {
      const decoder = pgoutputDecoder()
      decoder.decode(relation(row.length))
      const whole = insert(row)
      expect(refused(() => decoder.decode(whole.subarray(0, 1 + (at % (whole.length - 1)))))).toBe(true)
      expect(refused(() => decoder.decode(Buffer.concat([whole, Buffer.from('x')])))).toBe(true)
    }),
  )
})

it('bytes of any kind are a change, nothing, or refused: never another error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...'BCRYIUDTMOS'), (bytes, tag) => {
      const message = Buffer.concat([Buffer.from(tag), bytes])
      const decoder = pgoutputDecoder()
      decoder.decode(relation(2))
      try {
        decoder.decode(message)
      } catch (error) {
        expect(isOnewriteError(error, 'UNREADABLE_WAL')).toBe(true)
      }
    }),
    { numRuns: 2000 },
  )
})

it('a row of a relation that was not described is refused', () => {
  expect(refused(() => pgoutputDecoder().decode(insert(['a'])))).toBe(true)
})

it('a place in the log is written as PostgreSQL writes it', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (lsn) => parseLsn(formatLsn(lsn)) === lsn),
  )
  expect(formatLsn(0x16_b374_d848n)).toBe('16/B374D848')
  expect(() => parseLsn('16-B374D848')).toThrow('UNREADABLE_WAL')
})
