import { describe, expect, it } from 'vitest'
import { dateText, parseDate, parseTimestamp, timestampText } from '../../src/outbox/date-time.ts'
import { decimalText, parseDecimal, plainText, unscaledBytes } from '../../src/outbox/decimal.ts'
import { intervalMicros, intervalText } from '../../src/outbox/interval.ts'
import { doubleText, floatText } from '../../src/outbox/java-number.ts'
import { javaRouting } from '../../src/outbox/java-pattern.ts'
import { quoted } from '../../src/outbox/json-converter.ts'
import { arrayElements } from '../../src/outbox/structured-types.ts'

describe('a double', () => {
  it.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [0.1, '0.1'],
    [0.001, '0.001'],
    [0.0009, '9.0E-4'],
    [9999999.5, '9999999.5'],
    [10000000, '1.0E7'],
    [12345678.9, '1.23456789E7'],
    [1e21, '1.0E21'],
    [2e23, '2.0E23'],
    [5e-324, '4.9E-324'],
    [1.7976931348623157e308, '1.7976931348623157E308'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ])('%d is %s', (value, text) => {
    expect(doubleText(value)).toBe(text)
  })
})

it('a float needs fewer digits than a double', () => {
  expect([0.1, 16777216, 1e20, 1.4e-45].map((value) => floatText(Math.fround(value)))).toEqual([
    '0.1',
    '1.6777216E7',
    '1.0E20',
    '1.4E-45',
  ])
})

describe('a decimal', () => {
  it.each([
    ['19.90', '19.90', '19.90', '07c6'],
    ['-0.05', '-0.05', '-0.05', 'fb'],
    ['0.0000001', '1E-7', '0.0000001', '01'],
    ['0.000', '0.000', '0.000', '00'],
    ['1.28', '1.28', '1.28', '0080'],
    ['-1.28', '-1.28', '-1.28', '80'],
    ['1e3', '1E+3', '1000', '01'],
    ['12345678901234567890.12', '12345678901234567890.12', '12345678901234567890.12', '42ed123b0bd8203a14'],
  ])('%s', (given, text, plain, bytes) => {
    const decimal = parseDecimal(given) ?? { unscaled: 0n, scale: -1 }
    expect([decimalText(decimal), plainText(decimal)]).toEqual([text, plain])
    expect(unscaledBytes(decimal).toString('hex')).toBe(bytes)
  })

  it.each(['', '.', 'NaN', '1,5', '0x1', '1e'])('%s is none', (text) => {
    expect(parseDecimal(text)).toBeUndefined()
  })
})

it('JSON escapes as Jackson does', () => {
  expect(quoted('a"b\\c\u0001\n\u007f\u2028/é🦉')).toBe(`"a\\"b\\\\c\\u0001\\n\u007f\u2028/é\\uD83E\\uDD89"`)
  expect(quoted('\\u001f \u001f')).toBe('"\\\\u001f \\u001F"')
})

describe('a time', () => {
  it.each([
    ['2019-03-24 20:52:59.123456+02', '2019-03-24T18:52:59.123456Z'],
    ['1969-12-31 23:59:59.5+00', '1969-12-31T23:59:59.500000Z'],
    ['0044-03-15 12:00:00+00 BC', '-0043-03-15T12:00:00.000000Z'],
    ['0001-01-01 00:00:00+00 BC', '0000-01-01T00:00:00.000000Z'],
    ['12345-01-01 00:00:00+00', '+12345-01-01T00:00:00.000000Z'],
    ['1880-01-01 00:00:00+00:53:28', '1879-12-31T23:06:32.000000Z'],
  ])('%s is %s', (text, iso) => {
    expect(timestampText(parseTimestamp(text), 6)).toBe(iso)
  })

  it('counts days from 1970, in every century', () => {
    const days = ['1970-01-01', '1969-12-31', '2000-02-29', '1900-03-01', '4714-11-24 BC'].map(parseDate)
    expect(days).toEqual([0n, -1n, 11016n, -25508n, -2440588n])
    expect(days.map(dateText)).toEqual([
      '1970-01-01',
      '1969-12-31',
      '2000-02-29',
      '1900-03-01',
      '-4713-11-24',
    ])
  })

  it('knows infinity as the connector does', () => {
    expect([parseTimestamp('infinity'), parseTimestamp('-infinity')]).toEqual([
      9_223_372_036_825_200_000n,
      -9_223_372_036_832_400_000n,
    ])
  })

  it('lasts as long as in Java', () => {
    const text = '1 year 2 mons 3 days 04:05:06.789'
    expect(intervalText(text)).toBe('P1Y2M3DT4H5M6.789S')
    expect(intervalMicros(text)).toBe(37_091_106_789_000n)
    expect([intervalText('-00:00:01.5'), intervalMicros('-00:00:01.5')]).toEqual([
      'P0Y0M0DT0H0M-1.5S',
      -1_500_000n,
    ])
  })
})

it('arrays of one dimension have their elements, quoted or null', () => {
  expect(arrayElements('{a,"b c",NULL,"NULL","","q\\"\\\\"}')).toEqual(['a', 'b c', null, 'NULL', '', 'q"\\'])
  expect(arrayElements('{}')).toEqual([])
  expect(() => arrayElements('{{1,2},{3,4}}')).toThrow('one dimension')
  expect(() => arrayElements('[0:1]={1,2}')).toThrow('one dimension')
})

const route = (pattern: string, replacement: string, name: string): string => {
  const routing = javaRouting(pattern, replacement)
  return 'route' in routing ? routing.route(name) : `refused: ${JSON.stringify(routing)}`
}

describe('a topic', () => {
  it.each([
    ['(?<routedByValue>.*)', `outbox.\${routedByValue}`, 'Order', 'outbox.Order'],
    // The whole has to match, and the first find is replaced: they are not the same.
    ['a|ab', 'x', 'ab', 'xb'],
    ['Ord', 'orders', 'Order', 'Order'],
    ['(.)(.*)', '$2.$1_x', 'abc', 'bc.a_x'],
    ['(a)', '$11', 'a', 'a1'],
    ['(a)?b', '<$1>', 'b', '<>'],
    ['[A-Za-z]*', 'x$0', 'Order', 'xOrder'],
    ['\\S+', 'a\\$b', 'x\u00a0y', 'a$b'],
    ['日本(.)', '$1', '日本語', '語'],
  ])('%s → %s of %s is %s', (pattern, replacement, name, topic) => {
    expect(route(pattern, replacement, name)).toBe(topic)
  })

  it.each([
    ['a++', 'x', 'possessive'],
    ['(?i)a', 'x', 'flags'],
    ['(a)\\1', 'x', 'back reference'],
    ['[a&&b]', 'x', 'intersection'],
    ['[[a-z]', 'x', 'class inside'],
    ['(', 'x', 'regex'],
    ['a', `\${nobody}`, 'no group nobody'],
    ['a', '$1', 'no group 1'],
    ['a', 'x$', 'stands alone'],
  ])('%s → %s is refused', (pattern, replacement, why) => {
    expect(route(pattern, replacement, 'a')).toContain(why)
  })
})
