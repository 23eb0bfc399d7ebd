/** A record as a transport sends it. Text is UTF-8. */
export interface OutgoingRecord {
  readonly topic: string
  readonly key: string | null
  readonly value: string | Buffer | null
  readonly headers: Readonly<Record<string, string | Buffer>>
}
