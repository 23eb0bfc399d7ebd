import { headerText } from './header-text.ts'
import type { Metadata } from './metadata.ts'
import { contextLimits } from './new-event-options.ts'

const holdsContext = /"(?:trace(?:parent|state)|correlationId|causationId)"/

/** W3C Trace Context; version ff and ids of zeros alone are invalid. */
const validTraceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

const parseObject = (text: string): ReadonlyMap<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text)
    return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
  } catch {
    // Context helps to find things; a row without a readable one is published all the same.
    return new Map()
  }
}

const contextText = (
  metadata: ReadonlyMap<string, unknown>,
  name: keyof typeof contextLimits,
): string | undefined => {
  const value = metadata.get(name)
  if (typeof value !== 'string' || value.length > contextLimits[name]) return undefined
  const text = headerText(value)
  return text === '' ? undefined : text
}

/** What of metadata travels on: text that is not too long, without what a header may not hold. */
export const contextOf = (metadata: ReadonlyMap<string, unknown>): Metadata => {
  const correlationId = contextText(metadata, 'correlationId')
  const causationId = contextText(metadata, 'causationId')
  const traceparent = contextText(metadata, 'traceparent')
  const tracestate = contextText(metadata, 'tracestate')
  const traced = traceparent !== undefined && validTraceparent.test(traceparent)
  return {
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    ...(traced ? { traceparent } : {}),
    ...(traced && tracestate !== undefined ? { tracestate } : {}),
  }
}

/** Adds the headers that metadata asks for. What is invalid or too long is left out. */
export const addContextHeaders = (headers: Record<string, string>, metadataText: string): void => {
  if (!holdsContext.test(metadataText)) return
  const { correlationId, causationId, traceparent, tracestate } = contextOf(parseObject(metadataText))
  if (correlationId !== undefined) headers['ce_correlationid'] = correlationId
  if (causationId !== undefined) headers['ce_causationid'] = causationId
  if (traceparent !== undefined) headers['traceparent'] = traceparent
  if (tracestate !== undefined) headers['tracestate'] = tracestate
}
