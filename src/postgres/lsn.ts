import { OnewriteError } from '../error/onewrite-error.ts'

const pattern = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i

/** A place in the write-ahead log, `16/B374D848`, as a number of bytes. */
export const parseLsn = (text: string): bigint => {
  const [, high = '', low = ''] = pattern.exec(text) ?? []
  if (low === '')
    throw new OnewriteError('UNREADABLE_WAL', { cause: `${JSON.stringify(text)} is not an LSN` })
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

export const formatLsn = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`
