import { headerText } from './header-text.ts'
import { contextLimits } from './new-event-options.ts'

const holdsContext = /"(?:trace(?:parent|state)|correlationId|causationId)"/

/** W3C Trace Context; version ff and ids of zeros alone are invalid. */
export const validTraceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

const parseObject = (text: string): ReadonlyMap<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text)
    return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
  } catch {
    // Context helps to find things; a row without a readable one is published all the same.
    return new Map()
  }
}

/** What of a context may travel on: text that is not too long, without what a header may not hold. */
export const contextText = (
  metadata: ReadonlyMap<string, unknown>,
  name: keyof typeof contextLimits,
): string | undefined => {
  const value = metadata.get(name)
  if (typeof value !== 'string' || value.length > contextLimits[name]) return undefined
  const text = headerText(value)
  return text === '' ? undefined : text
}

/** Adds the headers that metadata asks for. What is invalid or too long is left out. */
export const addContextHeaders = (headers: Record<string, string>, metadataText: string): void => {
  if (!holdsContext.test(metadataText)) return
  const metadata = parseObject(metadataText)
  const correlationId = contextText(metadata, 'correlationId')
  if (correlationId !== undefined) headers['ce_correlationid'] = correlationId
  const causationId = contextText(metadata, 'causationId')
  if (causationId !== undefined) headers['ce_causationid'] = causationId
  const traceparent = contextText(metadata, 'traceparent')
  if (traceparent === undefined || !validTraceparent.test(traceparent)) return
  headers['traceparent'] = traceparent
  const tracestate = contextText(metadata, 'tracestate')
  if (tracestate !== undefined) headers['tracestate'] = tracestate
}
