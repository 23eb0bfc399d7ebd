import { context, isSpanContextValid, trace } from '@opentelemetry/api'

/**
 * W3C traceparent of the active span, for the metadata of an event; undefined without one. Written by hand
 * because the registered propagator may write another format.
 */
export const currentTraceparent = (): string | undefined => {
  const span = trace.getSpanContext(context.active())
  if (span === undefined || !isSpanContextValid(span)) return undefined
  const flags = (span.traceFlags & 0xff).toString(16).padStart(2, '0')
  return `00-${span.traceId}-${span.spanId}-${flags}`
}

/** W3C tracestate of the active span; undefined without one. */
export const currentTracestate = (): string | undefined => {
  const text = trace.getSpanContext(context.active())?.traceState?.serialize()
  return text === '' ? undefined : text
}
