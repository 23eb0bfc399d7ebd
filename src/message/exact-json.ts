/** Numbers of up to 15 digits survive as they are, whatever their point; few texts hold anything longer. */
const maybeInexact = /[\d.]{16}|\d[eE][+-]?\d/

/** Without a loop over the characters of a string: that overflows the stack of the expression at some MB. */
const quoteOrNumber = /\\.|"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

const isExact = (text: string): boolean => {
  const value = Number(text)
  if (!Number.isFinite(value)) return false
  const [digits = ''] = text.split(/[eE]/)
  const significant = digits.replace(/[-.]/g, '').replace(/^0+/, '')
  // Too small for a double.
  if (significant !== '' && value === 0) return false
  return significant.length <= 15 || String(value) === text
}

/** The text of valid JSON, its numbers quoted where they would be rounded. */
const quoteInexact = (text: string): string => {
  let inString = false
  return text.replace(quoteOrNumber, (token) => {
    if (token === '"') inString = !inString
    const isNumber = !inString && token !== '"'
    return isNumber && !isExact(token) ? `"${token}"` : token
  })
}

/**
 * `JSON.parse`, but a number that JavaScript cannot hold exactly stays text: a schema for text takes it, one for numbers
 * refuses it, and nothing is rounded.
 *
 * @throws SyntaxError
 */
export const exactJson = (text: string): unknown => {
  const value: unknown = JSON.parse(text)
  return maybeInexact.test(text) ? JSON.parse(quoteInexact(text)) : value
}
