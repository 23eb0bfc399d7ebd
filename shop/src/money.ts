import { Big } from 'big.js'

/** The largest amount that `numeric(10,2)` holds. */
export const maxAmount = '99999999.99'

/** A JSON number, or its text where a double could not hold its digits. */
export type DecimalInput = number | string

const decimalText = /^-?\d+(\.\d+)?([eE][+-]?\d{1,4})?$/

const decimal = (value: DecimalInput): Big | undefined => {
  const text = String(value)
  return decimalText.test(text) ? new Big(text) : undefined
}

/** Why a value is no amount above zero that `numeric(10,2)` holds; undefined when it is one. */
export const amountFault = (value: DecimalInput): string | undefined => {
  const amount = decimal(value)
  if (amount === undefined) return 'must be a decimal number'
  if (amount.lte(0)) return 'must be positive'
  if (amount.gt(maxAmount)) return `must be at most ${maxAmount}`
  if (!amount.round(2, Big.roundDown).eq(amount)) return 'must have at most 2 decimals'
  return undefined
}

/** Decimal text with two decimals, for example `149.95`. The value has no fault. */
export const toAmount = (value: DecimalInput): string => new Big(value).toFixed(2)

export const sumOf = (lines: readonly { readonly quantity: number; readonly unitPrice: string }[]): string =>
  lines
    .reduce((sum, { quantity, unitPrice }) => sum.plus(new Big(unitPrice).times(quantity)), new Big(0))
    .toFixed(2)

/**
 * The number whose JSON text is this amount without trailing zeros: `299.90` becomes 299.9.
 *
 * Exact as text: an amount has at most 10 significant digits; a double gives back every decimal of up to 15.
 */
export const toJsonNumber = (amount: string): number => Number(amount)
