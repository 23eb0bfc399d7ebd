import { toUSVString } from 'node:util'
import { OnewriteError } from '../error/onewrite-error.ts'
import { headerList, isHeaderList } from '../message/header-list.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { topicFault } from '../message/topic-fault.ts'
import { refusedRecord, withRefused } from './refused.ts'

/** A lone surrogate becomes U+FFFD in UTF-8, so two different keys would become one. */
const isWellFormed = (text: string): boolean => toUSVString(text) === text

const nameFault = (name: string): string | undefined => {
  if (name === '') return 'a header needs a name'
  if (name.includes('\0')) return `header ${JSON.stringify(name)}: a name cannot hold U+0000`
  return isWellFormed(name) ? undefined : `header ${JSON.stringify(name)}: the name holds a lone surrogate`
}

const headerFault = (name: string, value: unknown, inList: boolean): string | undefined => {
  if (typeof value === 'string') {
    return isWellFormed(value)
      ? undefined
      : `header ${JSON.stringify(name)}: the value holds a lone surrogate`
  }
  if (Buffer.isBuffer(value) || (value === null && inList)) return undefined
  return `header ${JSON.stringify(name)}: ${value === null ? 'null' : typeof value} is neither text nor a Buffer`
}

const keyFault = (key: unknown): string | undefined => {
  if (key === null || Buffer.isBuffer(key)) return undefined
  if (typeof key !== 'string') return `the key is ${typeof key}, neither text, a Buffer nor null`
  return isWellFormed(key) ? undefined : 'the key holds a lone surrogate'
}

const valueFault = (value: unknown): string | undefined => {
  if (value === null || Buffer.isBuffer(value)) return undefined
  if (typeof value !== 'string') return `the value is ${typeof value}, neither text, a Buffer nor null`
  return isWellFormed(value) ? undefined : 'the value holds a lone surrogate'
}

const mostPartition = 2 ** 31 - 1

const partitionFault = (partition: unknown): string | undefined =>
  partition === undefined ||
  (typeof partition === 'number' &&
    Number.isInteger(partition) &&
    partition >= 0 &&
    partition <= mostPartition)
    ? undefined
    : `partition ${String(partition)} is not a whole number from 0`

const timestampFault = (timestamp: unknown): string | undefined =>
  timestamp === undefined || (Number.isSafeInteger(timestamp) && Number(timestamp) > 0)
    ? undefined
    : `timestamp ${String(timestamp)} is not a whole number of milliseconds from 1`

const isGiven = (fault: string | undefined): fault is string => fault !== undefined

/** Why a record cannot be sent as it is: every reason, none where there is nothing to say. */
const recordFaults = (record: OutgoingRecord): readonly string[] => {
  const { topic, partition, timestamp, key, value, headers } = record
  const inList = isHeaderList(headers)
  return [
    topicFault(topic),
    partitionFault(partition),
    timestampFault(timestamp),
    keyFault(key),
    valueFault(value),
    ...headerList(headers ?? {}).flatMap(([name, text]) => [
      nameFault(name),
      headerFault(name, text, inList),
    ]),
  ].filter(isGiven)
}

const mostShown = 20

/**
 * Checks records before anything of them reaches a client: the native client writes a record whose header it
 * refused, without that header.
 */
export const recordCheck = (): ((records: readonly OutgoingRecord[]) => void) => {
  const goodTopics = new Set<string>()
  const goodNames = new Set<string>()

  const isGoodTopic = (topic: string): boolean => {
    if (goodTopics.has(topic)) return true
    if (topicFault(topic) !== undefined) return false
    goodTopics.add(topic)
    return true
  }
  const isGoodName = (name: string): boolean => {
    if (goodNames.has(name)) return true
    if (nameFault(name) !== undefined) return false
    if (goodNames.size < 1000) goodNames.add(name)
    return true
  }
  const isGoodHeader = (name: string, value: unknown, inList: boolean): boolean =>
    isGoodName(name) && headerFault(name, value, inList) === undefined
  const areGoodHeaders = (headers: OutgoingRecord['headers']): boolean => {
    if (isHeaderList(headers)) return headers.every(([name, value]) => isGoodHeader(name, value, true))
    for (const name in headers) if (!isGoodHeader(name, headers[name], false)) return false
    return true
  }
  const isGood = ({ topic, partition, timestamp, key, value, headers }: OutgoingRecord): boolean =>
    isGoodTopic(topic) &&
    partitionFault(partition) === undefined &&
    timestampFault(timestamp) === undefined &&
    keyFault(key) === undefined &&
    valueFault(value) === undefined &&
    areGoodHeaders(headers)

  return (records) => {
    if (records.every(isGood)) return
    const bad = records.flatMap((record, index) =>
      recordFaults(record).map((fault) => ({
        topic: String(record.topic),
        fault: `record ${index}: ${fault}`,
      })),
    )
    const shown = bad.slice(0, mostShown).map(({ fault }) => fault)
    if (bad.length > mostShown) shown.push(`and ${bad.length - mostShown} more`)
    const reason = new OnewriteError('INVALID_RECORD', {
      topic: bad[0]?.topic ?? '',
      faults: shown.join('; '),
    })
    const refused = records.filter((record) => !isGood(record)).map(refusedRecord)
    throw withRefused(reason, { scope: 'record', exact: true, records: refused })
  }
}
