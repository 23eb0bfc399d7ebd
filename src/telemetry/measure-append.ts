import { instruments } from './instruments.ts'
import { measureSpan } from './measure-span.ts'

export interface AppendAttributes {
  /** Name of the schema that holds the log. */
  readonly schema: string
  readonly events: number
}

/** Runs one append inside a span, which is active meanwhile, and counts its events and its duration. */
export const measureAppend = <T>(
  { schema, events }: AppendAttributes,
  work: () => Promise<T>,
): Promise<T> => {
  const namespace = { 'db.namespace': schema }
  return measureSpan(
    'onewrite append',
    { 'db.system.name': 'postgresql', ...namespace, 'onewrite.append.event_count': events },
    work,
    ({ seconds, failure }) => {
      const { counters, histograms } = instruments()
      if (failure === undefined) counters['onewrite.append.events'].add(events, namespace)
      const outcome = failure === undefined ? namespace : { ...namespace, 'error.type': failure }
      histograms['onewrite.append.duration'].record(seconds, outcome)
    },
  )
}
