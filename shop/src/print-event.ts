import type { OutgoingRecord } from 'onewrite'

/** One line: when it left, topic, key, type and payload. */
export const eventLine = ({ topic, key, value, headers }: OutgoingRecord, at: Date): string =>
  [at.toISOString().slice(11, 23), topic, key, headers['ce_type'], value].join('  ')
