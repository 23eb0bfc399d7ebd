import { attributes, type MetricRow, metrics, type SpanRow, spans } from '../../src/telemetry/catalogue.ts'

const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')

const spanLine = ([name, row]: [string, SpanRow]): string =>
  `| \`${name}\` | ${row.kind} | ${row.description} | ${list(row.attributes)} |`

const metricLine = ([name, row]: [string, MetricRow]): string =>
  `| \`${name}\` | ${row.kind} | \`${row.unit}\` | ${row.description} | ${list(row.attributes)} |`

const attributeLine = ([name, description]: [string, string]): string => `| \`${name}\` | ${description} |`

/** docs/telemetry.md */
export const telemetryPage = (): string => `# Telemetry

onewrite emits spans and metrics through the OpenTelemetry API; without a registered SDK they cost next to nothing.
The instrumentation scope is \`onewrite\`. Generated from \`src/telemetry/catalogue.ts\` by \`npm run docs\`.

The trace context of an append travels with its events: it is kept in their metadata and leaves as the headers
\`traceparent\` and \`tracestate\`.

## Spans

| name | kind | what it covers | attributes |
|---|---|---|---|
${Object.entries<SpanRow>(spans).map(spanLine).join('\n')}

## Metrics

| name | kind | unit | what it says | attributes |
|---|---|---|---|---|
${Object.entries<MetricRow>(metrics).map(metricLine).join('\n')}

## Attributes

| name | value |
|---|---|
${Object.entries<string>(attributes).map(attributeLine).join('\n')}
`
