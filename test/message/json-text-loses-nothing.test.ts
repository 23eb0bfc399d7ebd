import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventTooLargeError, UnserializableDataError, UnstorableTextError } from '../../src/error/classes.ts'
import { jsonText } from '../../src/message/json-text.ts'

const text = (value: unknown) => jsonText(value, { type: 'order.created' })

const refusal = (value: unknown): unknown => {
  try {
    return text(value)
  } catch (error) {
    return error
  }
}

describe('text that jsonb refuses', () => {
  it.each([
    ['U+0000', { a: ['x', 'y\0'] }, 'a[1]: U+0000'],
    ['a lone high surrogate', { a: '\ud800' }, 'a: a lone surrogate'],
    ['a lone low surrogate', { a: 'x\udfff' }, 'a: a lone surrogate'],
    ['surrogates the wrong way round', { a: '\udc00\ud800' }, 'a: a lone surrogate'],
    ['U+0000 in a name', { a: { 'b\0': 1 } }, 'a: U+0000 in the name "b\\u0000"'],
    ['a lone surrogate in a name', { '\ud83d': 1 }, 'a lone surrogate in the name "\\ud83d"'],
    ['U+0000 from toJSON', { a: { toJSON: () => '\0' } }, 'a: U+0000'],
    ['a text alone', '\0', 'U+0000'],
  ])('is refused with its path: %s', (_, value, fault) => {
    expect(refusal(value)).toBeInstanceOf(UnstorableTextError)
    expect(String(refusal(value))).toContain(fault)
  })

  it.each([
    ['a backslash before u0000', '\\u0000'],
    ['two backslashes before ud800', '\\\\ud800'],
    ['a pair of surrogates', '😀'],
    ['other control characters', '\u0001\u001f\n\t'],
    ['a name with a backslash', { '\\u0000': 1 }],
  ])('is not mistaken for text that only looks like it: %s', (_, value) => {
    expect(JSON.parse(text(value))).toEqual(value)
  })
})

describe('a value that JSON cannot carry', () => {
  const cycle: Record<string, unknown> = { a: 1 }
  cycle['self'] = { up: cycle }
  const deep = Array.from({ length: 2_000 }).reduce<unknown>((inner) => [inner], 1)
  it.each([
    ['undefined', undefined, 'undefined'],
    ['a bigint', { a: [1n] }, 'a[0]: a bigint; write it as a string'],
    ['NaN', { a: Number.NaN }, 'a: NaN is not a JSON number'],
    ['Infinity', { a: { b: -Infinity } }, 'a.b: -Infinity is not a JSON number'],
    ['a function', { a: () => 1 }, 'a: a function'],
    ['a symbol', { a: Symbol('s') }, 'a: a symbol'],
    ['a Map, which would become {}', { a: new Map([[1, 2]]) }, 'a: a Map'],
    ['a Set', { a: new Set([1]) }, 'a: a Set'],
    ['a typed array', { a: new Uint8Array(2) }, 'a: a Uint8Array'],
    ['undefined in an array, which would become null', [1, undefined], '[1]: undefined'],
    ['a hole in an array', Array(2), '[0]: undefined'],
    ['a cycle', cycle, 'self.up: refers back to an object that contains it'],
    ['NaN from toJSON', { a: { toJSON: () => Number.NaN } }, 'a: NaN'],
    ['a name that is no identifier', { 'a b': { 'c"': 1n } }, '["a b"]["c\\""]: a bigint'],
    ['a depth no parser should meet', deep, 'nested deeper than 1000'],
  ])('is refused with its path: %s', (_, value, fault) => {
    expect(refusal(value)).toBeInstanceOf(UnserializableDataError)
    expect(String(refusal(value))).toContain(fault)
  })

  it('is refused with all faults at once', () => {
    expect(String(refusal({ a: 1n, b: [Number.NaN, () => 1] }))).toContain(
      'a: a bigint; write it as a string; b[0]: NaN is not a JSON number; b[1]: a function',
    )
  })
})

describe('a value that JSON can carry', () => {
  it('is written as JSON.stringify writes it, toJSON and absent properties included', () => {
    const value = {
      at: new Date(0),
      gone: undefined,
      url: new URL('http://a/'),
      n: -0,
      list: [null, true],
      '': {},
    }
    expect(text(value)).toBe(JSON.stringify(value))
  })

  it('is given back equal by JSON.parse, or refused because it holds U+0000 or a lone surrogate', () => {
    const string = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('\0', '\ud800', '\udc00', '\\', 'u', '0', 'd', '8') }),
    )
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        string,
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('json'), { maxLength: 4 }),
        fc.dictionary(string, tie('json'), { maxKeys: 4 }),
      ),
    }))
    const bad = (value: unknown): boolean => {
      if (typeof value === 'string')
        return value.includes('\0') || !Buffer.from(value).toString().startsWith(value)
      if (typeof value !== 'object' || value === null) return false
      return Object.entries(value).some(([key, member]) => bad(key) || bad(member))
    }
    fc.assert(
      fc.property(json, (value) => {
        const result = refusal(value)
        if (bad(value)) expect(result).toBeInstanceOf(UnstorableTextError)
        else expect(JSON.parse(String(result))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a value that is too large', () => {
  it.each([
    ['characters of one byte', 'x'.repeat(98), 'x'.repeat(99)],
    ['characters of three bytes', '✓'.repeat(32), '✓'.repeat(33)],
    // jsonb prints a space after each comma and each colon.
    ['many small values', Array(33).fill(1), Array(34).fill(1)],
    ['an object of small members', { ...Array(12).fill(1) }, { ...Array(13).fill(1) }],
    ['a number that jsonb prints without exponent', 1e20, 1e300],
  ])('is measured by the bytes that leave: %s', (_, fits, doesNotFit) => {
    const limit = { type: 'order.created', maxBytes: 100 }
    expect(jsonText(fits, limit)).toBe(JSON.stringify(fits))
    expect(() => jsonText(doesNotFit, limit)).toThrow(EventTooLargeError)
  })

  it('says how large', () => {
    expect(String(refusal('x'.repeat(1_000_000)))).toContain(
      'order.created is 1000002 bytes as JSON, the limit is 1000000',
    )
  })

  it('is refused before it is unfolded, when a small graph stands for a huge text', () => {
    const bomb = Array.from({ length: 40 }).reduce<unknown>((inner) => [inner, inner], 'ha')
    expect(refusal(bomb)).toBeInstanceOf(EventTooLargeError)
  })
})
