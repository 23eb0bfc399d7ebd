import { lastHeader, type OutgoingRecord } from 'onewrite'

/** One line: when it left, topic, key, type and payload. */
const eventLine = ({ topic, key, value, headers }: OutgoingRecord, at: Date): string =>
  [at.toISOString().slice(11, 23), topic, key, lastHeader(headers, 'ce_type'), value].join('  ')

export interface EventPrinter {
  readonly published: (records: readonly OutgoingRecord[]) => void
  /** Prints what has left so far; from then on each event at once. */
  begin(): void
}

/** Events of an earlier run may leave before the service has introduced itself: their lines wait. */
export const eventPrinter = (say: (...lines: string[]) => void): EventPrinter => {
  let waiting: string[] | undefined = []
  return {
    published: (records) => {
      const lines = records.map((record) => eventLine(record, new Date()))
      if (waiting === undefined) say(...lines)
      else waiting.push(...lines)
    },
    begin: () => {
      const lines = waiting ?? []
      waiting = undefined
      if (lines.length > 0) say(...lines)
    },
  }
}
