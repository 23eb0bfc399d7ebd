const shortest = (value: number): string => {
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  // Java never looks for fewer than two digits: the smallest double is 4.9E-324 there, and 5e-324 here.
  return digits.replace('-', '').length === 1 ? value.toExponential(1) : `${digits}e${exponent}`
}

/** Digits of a float, as few as tell it from its neighbours. */
const shortestFloat = (value: number): string => {
  for (let digits = 1; digits < 9; digits += 1) {
    const text = value.toExponential(digits)
    if (Math.fround(Number(text)) === value) return text
  }
  return value.toExponential(8)
}

const javaText = (value: number, digitsOf: (value: number) => string): string => {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const sign = value < 0 ? '-' : ''
  const [mantissa = '', power = '0'] = digitsOf(Math.abs(value)).split('e')
  const digits = mantissa.replace('.', '').replace(/0+$/, '') || '0'
  const exponent = Number(power)
  if (exponent < -3 || exponent >= 7) return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent}`
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`
}

/** As Java's `Double.toString`, from version 19 on. */
export const doubleText = (value: number): string => javaText(value, shortest)

/** As Java's `Float.toString`, from version 19 on, for a value that a float holds exactly. */
export const floatText = (value: number): string => javaText(value, shortestFloat)
