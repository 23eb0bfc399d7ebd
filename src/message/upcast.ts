import { OnewriteError } from '../error/onewrite-error.ts'
import type { Definition, OldData, Upcaster } from './definition.ts'
import type { RawEvent } from './raw-event.ts'

/** What is asked of an event to lead it to the latest version. */
type Versioned = Pick<RawEvent, 'id' | 'type' | 'version'>

const isOldData = (data: unknown): data is OldData =>
  typeof data === 'object' && data !== null && !Array.isArray(data)

const upcasterFrom = (definition: Definition, from: number): Upcaster | undefined =>
  Object.hasOwn(definition.upcast, from) ? definition.upcast[from] : undefined

const step = (upcaster: Upcaster, from: number, data: unknown, { id, type }: Versioned): unknown => {
  if (!isOldData(data)) {
    const cause = `the data of version ${from} is not an object`
    throw new OnewriteError('UNREADABLE_EVENT', { id, type, cause })
  }
  try {
    return upcaster(data)
  } catch (error) {
    const cause = `the upcaster of version ${from} threw ${String(error)}`
    throw new OnewriteError('UNREADABLE_EVENT', { id, type, cause }, { cause: error })
  }
}

/**
 * Leads data from the version it was stored as to the latest, one version at a time.
 *
 * @throws UNKNOWN_EVENT_VERSION, MISSING_UPCASTER, UNREADABLE_EVENT
 */
export const upcast = (definition: Definition, raw: Versioned, stored: unknown): unknown => {
  const { type, version: latest } = definition
  const version = Number(raw.version)
  if (!(version >= 1 && version <= latest)) {
    throw new OnewriteError('UNKNOWN_EVENT_VERSION', { type, version: raw.version, latest })
  }
  let data = stored
  for (let from = version; from < latest; from++) {
    const upcaster = upcasterFrom(definition, from)
    if (upcaster === undefined) throw new OnewriteError('MISSING_UPCASTER', { type, version, from, latest })
    data = step(upcaster, from, data, raw)
  }
  return data
}
