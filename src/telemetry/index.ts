export {
  type AttributeName,
  attributes,
  type MetricName,
  type MetricRow,
  metrics,
  type SpanName,
  type SpanRow,
  spans,
} from './catalogue.ts'
export { currentTraceparent, currentTracestate } from './current-traceparent.ts'
export { type AppendAttributes, measureAppend } from './measure-append.ts'
export {
  type PublishedBatch,
  type RelayInstruments,
  type RelayProgress,
  relayInstruments,
} from './relay-instruments.ts'
