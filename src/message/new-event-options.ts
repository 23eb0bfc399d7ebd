import { validate as isUuid } from 'uuid'
import { faultText } from './fault-path.ts'
import type { Metadata } from './metadata.ts'

export interface NewEventOptions {
  /** A UUID; default: a new one of version 7. */
  readonly id?: string
  /** Default: now. */
  readonly occurredAt?: Date
  readonly metadata?: Metadata
}

/** Names of metadata that become headers of the record, with the most characters they may have there. */
export const contextLimits = {
  correlationId: 500,
  causationId: 500,
  traceparent: 55,
  tracestate: 512,
} as const satisfies Partial<Record<keyof Metadata, number>>

const contextFault = (value: unknown, limit: number): string | undefined => {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') return 'must be a text'
  return value.length > limit ? `is ${value.length} characters, the limit is ${limit}` : undefined
}

const metadataFaults = (metadata: unknown): string[] => {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    return ['metadata: must be an object']
  }
  const entries = new Map<string, unknown>(Object.entries(metadata))
  return Object.entries(contextLimits).flatMap(([name, limit]) => {
    const fault = contextFault(entries.get(name), limit)
    return fault === undefined ? [] : [faultText(['metadata', name], fault)]
  })
}

/** Faults of the options given beside the data. */
export const optionFaults = ({ id, occurredAt, metadata }: NewEventOptions): string[] => {
  const faults: string[] = []
  if (id !== undefined && !isUuid(id)) faults.push('id: must be a UUID')
  if (occurredAt !== undefined && !(occurredAt instanceof Date && Number.isFinite(occurredAt.getTime()))) {
    faults.push('occurredAt: must be a valid Date')
  }
  if (metadata !== undefined) faults.push(...metadataFaults(metadata))
  return faults
}
