/** Headers whose names differ. */
export type HeaderRecord = Readonly<Record<string, string | Buffer>>

/** Headers in order; a name may repeat and a value may be null, as Kafka allows. */
export type HeaderList = readonly (readonly [name: string, value: string | Buffer | null])[]

/** A record as a transport sends it. Text is UTF-8. */
export interface OutgoingRecord {
  readonly topic: string
  /** Default: by the key, as the Java client does. */
  readonly partition?: number
  /** Milliseconds since 1970, from 1: clients take 0 for now. Default: when it is sent. */
  readonly timestamp?: number
  readonly key: string | Buffer | null
  readonly value: string | Buffer | null
  readonly headers: HeaderRecord | HeaderList
}
