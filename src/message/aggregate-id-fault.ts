const mostBytes = 500

/** What is wrong with the id of an aggregate. It is the key of the record, so it is bounded and printable. */
export const aggregateIdFault = (id: unknown): string | undefined => {
  if (typeof id !== 'string' || id === '') return 'must be a text that is not empty'
  if (/[\p{Control}\p{Surrogate}]/u.test(id)) return 'may not hold control characters or lone surrogates'
  const bytes = Buffer.byteLength(id)
  return bytes > mostBytes ? `is ${bytes} bytes, the limit is ${mostBytes}` : undefined
}
