import { pause } from '../lifecycle/pause.ts'
import { type Calls, clientError } from './call.ts'
import type { ConsumerHandle, Place } from './client.ts'
import type { PartitionStart } from './held-partition.ts'

const askTimeout = 5_000
const grace = 1_000
const askAgain = 500

interface Watermarks {
  readonly lowOffset: number
  readonly highOffset: number
}

/** The first offset there is, and the first that a read_committed reader does not get now. */
export const watermarks = (handle: ConsumerHandle, { call }: Calls, place: Place): Promise<Watermarks> =>
  call<Watermarks>('asking for offsets', askTimeout + grace, (callback) =>
    handle.queryWatermarkOffsets(place.topic, place.partition, askTimeout, callback),
  )

const offsetOf = (answer: unknown): number | undefined => {
  if (typeof answer !== 'object' || answer === null) return undefined
  if (!('topic' in answer)) throw clientError(answer)
  return 'offset' in answer && typeof answer.offset === 'number' && answer.offset >= 0
    ? answer.offset
    : undefined
}

const committedOffset = async (
  handle: ConsumerHandle,
  { call }: Calls,
  place: Place,
): Promise<number | undefined> => {
  const answers = await call<readonly unknown[]>('asking for the offset', askTimeout + grace, (callback) =>
    handle.committed([place], askTimeout, callback),
  )
  return offsetOf(answers[0])
}

/**
 * Where the group stands in a partition. Asks until the brokers answer; undefined when it was called off.
 * `failed` is told each time they do not.
 */
export const partitionStart = async (
  handle: ConsumerHandle,
  calls: Calls,
  place: Place,
  from: 'start' | 'now',
  stop: AbortSignal,
  failed: (error: unknown) => void,
): Promise<PartitionStart | undefined> => {
  while (!stop.aborted) {
    try {
      const committed = await committedOffset(handle, calls, place)
      if (committed !== undefined) return { place, committed, otherwise: committed }
      const { lowOffset, highOffset } = await watermarks(handle, calls, place)
      return { place, committed, otherwise: from === 'now' ? highOffset : lowOffset }
    } catch (error) {
      if (!stop.aborted) failed(error)
      await pause(askAgain, stop)
    }
  }
  return undefined
}
