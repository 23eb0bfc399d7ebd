import { isUtf8 } from 'node:buffer'
import { OnewriteError } from '../error/onewrite-error.ts'

/** Which event an error is about. */
export interface Named {
  readonly id: string
  readonly type: string
}

/** @throws UNREADABLE_EVENT */
export const unreadable = ({ id, type }: Named, cause: string): OnewriteError<'UNREADABLE_EVENT'> =>
  new OnewriteError('UNREADABLE_EVENT', { id, type, cause })

const byteOrderMark = 0xfeff

/**
 * The value of a record as JSON. The error that the parser throws quotes the text, so it is not passed on: payloads are
 * nobody's business but the handler's.
 *
 * @throws UNREADABLE_EVENT
 */
export const readJson = (value: Buffer | null, named: Named, parse: (text: string) => unknown): unknown => {
  if (value === null) throw unreadable(named, 'the record has no value')
  if (!isUtf8(value)) throw unreadable(named, 'the value is not UTF-8')
  const text = value.toString()
  try {
    return parse(text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text)
  } catch {
    throw unreadable(named, 'the value is not JSON')
  }
}
