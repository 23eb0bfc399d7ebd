import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { columns } from './columns.ts'

const heading = ['NUMBER', 'READER', 'TOPIC', 'KEY', 'STATE', 'ATTEMPTS', 'SINCE', 'FINGERPRINT', 'CAUSE']

/** On one line, and not too much of it. */
export const shown = (text: string | null | undefined): string => {
  if (text === null || text === undefined) return '-'
  const line = text.replaceAll(/\p{Control}+/gu, ' ')
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}

const row = (letter: DeadLetter): readonly string[] => [
  String(letter.number),
  letter.reader,
  letter.topic,
  shown(letter.key),
  letter.state,
  String(letter.attempts),
  letter.setAsideAt.toISOString(),
  letter.fingerprint ?? '-',
  shown(letter.cause),
]

export const deadLetterTable = (letters: readonly DeadLetter[]): string =>
  letters.length === 0 ? 'no dead letters' : columns(heading, letters.map(row))
