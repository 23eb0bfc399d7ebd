/** What travels beside the data: who caused it, and as part of what. Everything is optional. */
export interface Metadata {
  readonly correlationId?: string
  readonly causationId?: string
  readonly actor?: string
  readonly tenant?: string
  /** W3C Trace Context. */
  readonly traceparent?: string
  readonly tracestate?: string
  readonly [name: string]: unknown
}
