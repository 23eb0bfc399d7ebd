import { toUSVString } from 'node:util'
import { OnewriteError } from '../error/onewrite-error.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { topicFault } from '../message/topic-fault.ts'

/** A lone surrogate becomes U+FFFD in UTF-8, so two different keys would become one. */
const isWellFormed = (text: string): boolean => toUSVString(text) === text

const nameFault = (name: string): string | undefined => {
  if (name === '') return 'a header needs a name'
  if (name.includes('\0')) return `header ${JSON.stringify(name)}: a name cannot hold U+0000`
  return isWellFormed(name) ? undefined : `header ${JSON.stringify(name)}: the name holds a lone surrogate`
}

const headerFault = (name: string, value: unknown): string | undefined => {
  if (typeof value === 'string') {
    return isWellFormed(value)
      ? undefined
      : `header ${JSON.stringify(name)}: the value holds a lone surrogate`
  }
  if (Buffer.isBuffer(value)) return undefined
  return `header ${JSON.stringify(name)}: ${value === null ? 'null' : typeof value} is neither text nor a Buffer`
}

const keyFault = (key: unknown): string | undefined => {
  if (key === null) return undefined
  if (typeof key !== 'string') return `the key is ${typeof key}, neither text nor null`
  return isWellFormed(key) ? undefined : 'the key holds a lone surrogate'
}

const valueFault = (value: unknown): string | undefined => {
  if (value === null || Buffer.isBuffer(value)) return undefined
  if (typeof value !== 'string') return `the value is ${typeof value}, neither text, a Buffer nor null`
  return isWellFormed(value) ? undefined : 'the value holds a lone surrogate'
}

const isGiven = (fault: string | undefined): fault is string => fault !== undefined

/** Why a record cannot be sent as it is: every reason, none where there is nothing to say. */
const recordFaults = ({ topic, key, value, headers }: OutgoingRecord): readonly string[] => {
  const names = Object.keys(headers ?? {})
  return [
    topicFault(topic),
    keyFault(key),
    valueFault(value),
    ...names.flatMap((name) => [nameFault(name), headerFault(name, headers[name])]),
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
  const isGood = ({ topic, key, value, headers }: OutgoingRecord): boolean => {
    if (!isGoodTopic(topic) || keyFault(key) !== undefined || valueFault(value) !== undefined) return false
    for (const name in headers) {
      if (!isGoodName(name) || headerFault(name, headers[name]) !== undefined) return false
    }
    return true
  }

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
    throw new OnewriteError('INVALID_RECORD', { topic: bad[0]?.topic ?? '', faults: shown.join('; ') })
  }
}
