/** Numbers of up to 15 digits survive as they are, whatever their point; few texts hold anything longer. */
const maybeInexact = /[\d.]{16}|\d[eE][+-]?\d/

const stringOrNumber = /"(?:[^"\\]+|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

const isExact = (text: string): boolean => {
  const value = Number(text)
  if (!Number.isFinite(value)) return false
  const [digits = ''] = text.split(/[eE]/)
  const significant = digits.replace(/[-.]/g, '').replace(/^0+/, '')
  // All digits gone: a number that is too small for a double, unless it is zero.
  if (significant !== '' && value === 0) return significant.replace(/0+$/, '') === ''
  return significant.length <= 15 || String(value) === text
}

const keepInexact = (token: string): string =>
  token.startsWith('"') || isExact(token) ? token : `"${token}"`

/**
 * `JSON.parse`, but a number that JavaScript cannot hold exactly stays text: a schema for text takes it, one for numbers
 * refuses it, and nothing is rounded.
 *
 * @throws SyntaxError
 */
export const exactJson = (text: string): unknown => {
  const value: unknown = JSON.parse(text)
  return maybeInexact.test(text) ? JSON.parse(text.replace(stringOrNumber, keepInexact)) : value
}
