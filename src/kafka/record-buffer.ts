import type { DeliveredRecord, FetchLimits } from '../transport/subscriber.ts'
import type { ConsumedMessage } from './client.ts'
import { deliveredRecord } from './delivered-record.ts'

/** Records of one partition that the client handed over and nobody asked for yet. */
export interface RecordBuffer {
  add(message: ConsumedMessage): void
  /** The first ones; at least one where there is any. */
  take(limits: FetchLimits): readonly DeliveredRecord[]
  clear(): void
  readonly records: number
  readonly bytes: number
}

const sizeOf = ({ key, value }: ConsumedMessage): number => (key?.length ?? 0) + (value?.length ?? 0)

export const recordBuffer = (): RecordBuffer => {
  let messages: ConsumedMessage[] = []
  let first = 0
  let bytes = 0

  const take = (limits: FetchLimits): readonly DeliveredRecord[] => {
    const taken: DeliveredRecord[] = []
    let size = 0
    for (let message = messages[first]; message !== undefined; message = messages[first]) {
      size += sizeOf(message)
      if (taken.length > 0 && (taken.length >= limits.records || size > limits.bytes)) break
      taken.push(deliveredRecord(message))
      bytes -= sizeOf(message)
      first += 1
    }
    // Cut now and then: to cut at every call would copy what remains as often.
    if (first * 2 >= messages.length) {
      messages = messages.slice(first)
      first = 0
    }
    return taken
  }

  return {
    add: (message) => {
      messages.push(message)
      bytes += sizeOf(message)
    },
    take,
    clear: () => {
      messages = []
      first = 0
      bytes = 0
    },
    get records() {
      return messages.length - first
    },
    get bytes() {
      return bytes
    },
  }
}
