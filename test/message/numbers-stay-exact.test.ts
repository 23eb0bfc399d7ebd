import fc from 'fast-check'
import { expect, it } from 'vitest'
import { exactJson } from '../../src/message/exact-json.ts'

it.each([
  ['9007199254740991', 9007199254740991],
  ['9007199254740993', '9007199254740993'],
  ['-12345678901234567890', '-12345678901234567890'],
  ['0.30000000000000004', 0.30000000000000004],
  ['0.1234567890123456789', '0.1234567890123456789'],
  ['149.95', 149.95],
  ['1e400', '1e400'],
  ['1e-400', '1e-400'],
  ['1E5', 100000],
  ['0e5', 0],
  ['0.00000000000000000000', 0],
  ['1.50', 1.5],
])('%s is read as %j', (text, value) => {
  expect(exactJson(text)).toEqual(value)
  expect(exactJson(`{"a": [${text}], "b": "${text}"}`)).toEqual({ a: [value], b: text })
})

it.each(['', '{', '01', '1.', '"\n"', '{"a": 12345678901234567890'])(
  '%j is refused as JSON.parse refuses it',
  (text) => {
    expect(() => exactJson(text)).toThrow(SyntaxError)
  },
)

it('everything else is what JSON.parse makes of it', () => {
  const same = fc.property(fc.json(), (text) => {
    const exact = JSON.stringify(exactJson(text)).replace(/"(-?[\d.]{16,}|-?[\d.]+e[+-]?\d+)"/gi, '$1')
    expect(JSON.parse(exact)).toEqual(JSON.parse(JSON.stringify(JSON.parse(text))))
  })
  fc.assert(same, { numRuns: 500, seed: 5 })
})

it('digits within a string, quotes and backslashes mean nothing', () => {
  const strings = fc.property(fc.string({ unit: 'binary' }), (string) => {
    const text = `{${JSON.stringify(string)}:[${JSON.stringify(string)},12345678901234567890]}`
    const read = Object.entries(Object(exactJson(text)))
    expect(read).toEqual([[string, [string, '12345678901234567890']]])
  })
  fc.assert(strings, { numRuns: 500 })
  const odd = ['\\', '"', '\\"', '9'.repeat(20), '\\u1234567890123456789', '"9'.repeat(9)]
  expect(exactJson(`[${JSON.stringify(odd)}, 1e999]`)).toEqual([odd, '1e999'])
})

it('megabytes of text do not overflow the stack', () => {
  const long = JSON.stringify({ text: '\\"1'.repeat(1_000_000), id: 1 }).replace(
    ':1}',
    ':12345678901234567890}',
  )
  expect(exactJson(long)).toMatchObject({ id: '12345678901234567890' })
})
