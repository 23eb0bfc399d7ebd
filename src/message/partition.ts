import { OnewriteError } from '../error/onewrite-error.ts'

const seed = 0x9747b28c
const multiplier = 0x5bd1e995

const at = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0

const mixTail = (hash: number, bytes: Uint8Array, start: number): number => {
  const rest = bytes.length - start
  if (rest === 0) return hash
  let mixed = hash
  if (rest === 3) mixed ^= at(bytes, start + 2) << 16
  if (rest >= 2) mixed ^= at(bytes, start + 1) << 8
  return Math.imul(mixed ^ at(bytes, start), multiplier)
}

/** The 32-bit murmur2 of Kafka's Java client, signed. */
export const murmur2 = (bytes: Uint8Array): number => {
  const { length } = bytes
  const blocks = length - (length % 4)
  let hash = seed ^ length
  for (let i = 0; i < blocks; i += 4) {
    const word = at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24)
    const once = Math.imul(word, multiplier)
    hash = Math.imul(hash, multiplier) ^ Math.imul(once ^ (once >>> 24), multiplier)
  }
  hash = mixTail(hash, bytes, blocks)
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}

/**
 * The partition that Kafka's Java client, and so every client that agrees with it, gives a key.
 *
 * @throws INVALID_CONFIG unless `partitions` is a whole number from 1
 */
export const partitionFor = (key: string | Uint8Array, partitions: number): number => {
  if (!Number.isSafeInteger(partitions) || partitions < 1) {
    throw new OnewriteError('INVALID_CONFIG', {
      faults: `partitions: ${partitions} is not a whole number from 1`,
    })
  }
  const bytes = typeof key === 'string' ? Buffer.from(key) : key
  return (murmur2(bytes) & 0x7fffffff) % partitions
}
