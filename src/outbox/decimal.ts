import type { Decimal } from './connect-schema.ts'

const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i

/** As Java's `new BigDecimal(text)`; undefined where that would throw. */
export const parseDecimal = (text: string): Decimal | undefined => {
  const [matched, sign, whole = '', fraction = '', exponent = '0'] = pattern.exec(text) ?? []
  if (matched === undefined || whole + fraction === '') return undefined
  const unscaled = BigInt(whole + fraction)
  return { unscaled: sign === '-' ? -unscaled : unscaled, scale: fraction.length - Number(exponent) }
}

const pad = (digits: string, scale: number): string => {
  if (scale === 0) return digits
  if (scale < 0) return digits === '0' ? digits : digits + '0'.repeat(-scale)
  const filled = digits.padStart(scale + 1, '0')
  return `${filled.slice(0, -scale)}.${filled.slice(-scale)}`
}

/** As Java's `toPlainString`. */
export const plainText = ({ unscaled, scale }: Decimal): string =>
  unscaled < 0n ? `-${pad(String(-unscaled), scale)}` : pad(String(unscaled), scale)

/** As Java's `toString`: with an exponent below 1e-6 and for a negative scale. */
export const decimalText = (decimal: Decimal): string => {
  const { unscaled, scale } = decimal
  const digits = String(unscaled < 0n ? -unscaled : unscaled)
  const exponent = digits.length - 1 - scale
  if (scale >= 0 && exponent >= -6) return plainText(decimal)
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`
  const power = exponent === 0 ? '' : `E${exponent > 0 ? '+' : ''}${exponent}`
  return `${unscaled < 0n ? '-' : ''}${mantissa}${power}`
}

/** The same number with another scale; undefined where digits would be lost. */
export const withScale = ({ unscaled, scale }: Decimal, wanted: number): Decimal | undefined => {
  if (wanted >= scale) return { unscaled: unscaled * 10n ** BigInt(wanted - scale), scale: wanted }
  const divisor = 10n ** BigInt(scale - wanted)
  return unscaled % divisor === 0n ? { unscaled: unscaled / divisor, scale: wanted } : undefined
}

/** Without zeros at its end, and with a scale from 0. */
export const stripped = (decimal: Decimal): Decimal => {
  let { unscaled, scale } = decimal
  if (unscaled === 0n) return { unscaled, scale: 0 }
  while (scale > 0 && unscaled % 10n === 0n) {
    unscaled /= 10n
    scale -= 1
  }
  return scale < 0 ? { unscaled: unscaled * 10n ** BigInt(-scale), scale: 0 } : { unscaled, scale }
}

/** Two's complement, most significant byte first, as few bytes as hold it: Java's `BigInteger.toByteArray`. */
export const unscaledBytes = ({ unscaled }: Decimal): Buffer => {
  const magnitude = unscaled < 0n ? -unscaled - 1n : unscaled
  const bits = magnitude === 0n ? 0 : magnitude.toString(2).length
  const length = Math.floor(bits / 8) + 1
  const hex = BigInt.asUintN(length * 8, unscaled).toString(16)
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex')
}
