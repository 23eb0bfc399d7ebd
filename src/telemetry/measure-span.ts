import { type Attributes, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { type SpanName, spans } from './catalogue.ts'
import { errorType } from './error-type.ts'
import { tracer } from './instruments.ts'

export interface Outcome {
  readonly seconds: number
  /** `error.type` of a failure. */
  readonly failure?: string
}

const kinds = { internal: SpanKind.INTERNAL, producer: SpanKind.PRODUCER } as const

const markFailed = (span: Span, failure: string): void => {
  span.setAttribute('error.type', failure)
  span.setStatus({ code: SpanStatusCode.ERROR, message: failure })
}

/** Runs work inside a span that is active meanwhile, and tells how it ended. */
export const measureSpan = <T>(
  name: SpanName,
  attributes: Attributes,
  work: () => Promise<T>,
  ended: (outcome: Outcome) => void,
): Promise<T> =>
  tracer().startActiveSpan(name, { kind: kinds[spans[name].kind], attributes }, async (span) => {
    const start = performance.now()
    const seconds = (): number => (performance.now() - start) / 1_000
    try {
      const value = await work()
      ended({ seconds: seconds() })
      return value
    } catch (error) {
      const failure = errorType(error)
      markFailed(span, failure)
      ended({ seconds: seconds(), failure })
      throw error
    } finally {
      span.end()
    }
  })
