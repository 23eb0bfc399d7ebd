import type { Outbox } from '../outbox/outbox-reader.ts'

/** Outboxes that other programs write, by the name of the relay that publishes each. */
export type Outboxes = Readonly<Record<string, Outbox>>

const namePattern = /^[a-z][a-z0-9_-]{0,39}$/

const isOutbox = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && 'form' in value

/** What is wrong with the option `outboxes`; undefined where nothing is. */
export const outboxesFault = (value: unknown): string | undefined => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'is not { name: outboxTable(…) }'
  }
  const faults = Object.entries(value).flatMap(([name, outbox]) => [
    ...(namePattern.test(name) ? [] : [`${JSON.stringify(name)} is no name such as "legacy"`]),
    ...(isOutbox(outbox) ? [] : [`${name} was not made by outboxTable, outboxMessages or fromConnector`]),
  ])
  return faults.length === 0 ? undefined : `has faults: ${faults.join(', ')}`
}
