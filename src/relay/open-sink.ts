import type { Database } from '../postgres/database.ts'
import type { Publishing } from '../transport/publisher.ts'
import { atLeastOnceSink } from './at-least-once-sink.ts'
import { exactlyOnceSink } from './exactly-once-sink.ts'
import type { Sink } from './sink.ts'

export type Delivery = 'exactly-once' | 'at-least-once'

export interface SinkOptions {
  /** Of the relay. */
  readonly name: string
  readonly database: Database
  readonly publishing: Publishing
  /** Default `exactly-once`. */
  readonly delivery?: Delivery
  /** Bytes on the way to the transport at most. Default 4 MiB. */
  readonly maxBytesInFlight?: number
}

/**
 * Opens where a relay publishes to. From here on its predecessor cannot move the checkpoint any more. `apart`: records
 * go one by one, so that a refusal names exactly those at fault.
 */
export const openSink = (options: SinkOptions, token: bigint, apart = false): Promise<Sink> => {
  const { publishing, database, name, maxBytesInFlight = 4 * 1024 * 1024 } = options
  return options.delivery === 'at-least-once'
    ? atLeastOnceSink({ database, publishing, name, maxBytesInFlight, token, apart })
    : exactlyOnceSink({ publishing, name, maxBytesInFlight, apart })
}
