import type { Marks } from '../../dead-letter/recover.ts'
import type { Checkpoint } from '../source.ts'

const none: Marks = { placed: 0n, released: 0n }

const digits = (value: unknown): bigint =>
  typeof value === 'string' && /^\d+$/.test(value) ? BigInt(value) : 0n

const fieldsOf = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const found: unknown = JSON.parse(text)
    return typeof found === 'object' && found !== null ? { ...found } : {}
  } catch {
    return {}
  }
}

/** What a checkpoint says of dead letters. One that cannot be read is refused by its source. */
export const marksOf = (text: string | undefined): Marks => {
  if (text === undefined) return none
  const { deadLetters } = fieldsOf(text)
  if (typeof deadLetters !== 'object' || deadLetters === null) return none
  const { placed, released }: { placed?: unknown; released?: unknown } = deadLetters
  return { placed: digits(placed), released: digits(released) }
}

/**
 * Puts the marks into the source's own text, so that they move in one step with what they stand for. Nothing is added
 * where there never was a dead letter.
 */
export const withMarks = (checkpoint: Checkpoint, { placed, released }: Marks): Checkpoint => {
  if (placed === 0n && released === 0n) return checkpoint
  const deadLetters = { placed: String(placed), released: String(released) }
  return { ...checkpoint, text: JSON.stringify({ ...fieldsOf(checkpoint.text), deadLetters }) }
}
