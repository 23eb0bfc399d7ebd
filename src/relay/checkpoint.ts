import { OnewriteError } from '../error/onewrite-error.ts'
import type { Checkpoint } from './source.ts'

/** A checkpoint of the table source: JSON, so that a later version can add to it. */
export const tableCheckpoint = (position: bigint): Checkpoint => ({
  text: JSON.stringify({ source: 'table', position: String(position) }),
  position,
})

const positionOf = (text: string): string | undefined => {
  try {
    const found: unknown = JSON.parse(text)
    if (typeof found !== 'object' || found === null || !('position' in found)) return undefined
    return typeof found.position === 'string' && /^\d+$/.test(found.position) ? found.position : undefined
  } catch {
    return undefined
  }
}

/**
 * The position that every checkpoint has, whichever source wrote it.
 *
 * @throws CHECKPOINT_UNREADABLE rather than guessing a position
 */
export const checkpointPosition = (name: string, text: string | undefined): bigint => {
  if (text === undefined) return 0n
  const position = positionOf(text)
  if (position !== undefined) return BigInt(position)
  const cause = `${JSON.stringify(text.slice(0, 200))} holds no position`
  throw new OnewriteError('CHECKPOINT_UNREADABLE', { name, cause })
}
