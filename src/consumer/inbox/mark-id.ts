import { createHash } from 'node:crypto'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** SHA-256 in the form of a UUID of version 8, which is kept for such uses: no event id made elsewhere is one. */
const digest = (id: string): string => {
  const hex = createHash('sha256').update(id).digest('hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

/** An event's id as tables of a consumer keep it: 16 bytes, whatever the text. A UUID is itself. */
export const markId = (id: string): string => {
  const small = id.toLowerCase()
  return uuid.test(small) ? small : digest(id)
}
