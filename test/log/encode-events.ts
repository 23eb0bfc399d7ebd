import type { RawEvent } from '../../src/message/raw-event.ts'
import { toRecord } from '../../src/message/to-record.ts'
import { topics } from '../../src/message/topic.ts'

export const encode = (event: RawEvent) =>
  toRecord(event, { source: '/test', topicOf: topics.aggregateEvents })

/** Long enough for a busy machine, short enough to wait for. */
export const leaseTtl = 1500
