import { didYouMean } from '../error/did-you-mean.ts'
import { nameFault } from './name-fault.ts'
import { topicFault } from './topic-fault.ts'

const optionNames = ['aggregate', 'id', 'version', 'data', 'upcast', 'topic', 'maxEventBytes']

const present = (faults: readonly (string | undefined)[]): string[] =>
  faults.filter((fault) => fault !== undefined)

/** What keeps a value from being a schema. */
export const schemaFault = (schema: unknown): string | undefined => {
  const isSchema =
    schema !== null && (typeof schema === 'object' || typeof schema === 'function') && '~standard' in schema
  return isSchema ? undefined : 'data must be a Standard Schema (zod, valibot, arktype or another)'
}

/** Events that onewrite records itself. */
const reservedFault = (type: unknown): string | undefined =>
  typeof type === 'string' && type.startsWith('onewrite.')
    ? `the type ${type} is reserved: onewrite records events of such types itself`
    : undefined

const wholeFault = (what: string, value: unknown): string | undefined =>
  Number.isSafeInteger(value) && Number(value) > 0 ? undefined : `${what} must be a whole number from 1`

/** Upcasters form a chain from 1 to the version: a gap would strand the events below it. */
const upcastFaults = (upcast: unknown, version: unknown): string[] => {
  if (upcast === undefined || typeof version !== 'number' || !Number.isSafeInteger(version)) return []
  if (typeof upcast !== 'object' || upcast === null) return ['upcast must be an object of functions']
  const upcasters = new Map<string, unknown>(Object.entries(upcast))
  const faults: string[] = []
  for (let from = 1; from < Math.min(version, 1_000); from++) {
    const found = upcasters.get(String(from))
    if (found === undefined) faults.push(`upcast lacks version ${from}`)
    else if (typeof found !== 'function') faults.push(`upcast of version ${from} must be a function`)
  }
  for (const from of upcasters.keys()) {
    const known = /^[1-9]\d*$/.test(from) && Number(from) < version
    if (!known) faults.push(`upcast from ${JSON.stringify(from)} leads nowhere: the version is ${version}`)
  }
  return faults
}

/** Every fault in the options of `event` or `command`, for callers whose types were not checked. */
export const definitionFaults = (type: unknown, options: object): string[] => {
  const given = new Map<string, unknown>(Object.entries(options))
  const version = given.get('version') ?? 1
  const topic = given.get('topic')
  const maxEventBytes = given.get('maxEventBytes')
  return present([
    nameFault('the type', type),
    reservedFault(type),
    nameFault('aggregate', given.get('aggregate')),
    typeof given.get('id') === 'function' ? undefined : 'id must be a function of the data',
    wholeFault('version', version),
    schemaFault(given.get('data')),
    topic === undefined ? undefined : topicFault(topic),
    maxEventBytes === undefined ? undefined : wholeFault('maxEventBytes', maxEventBytes),
    ...upcastFaults(given.get('upcast'), version),
    ...[...given.keys()]
      .filter((name) => !optionNames.includes(name))
      .map((name) => `unknown option ${name}${didYouMean(name, optionNames).replace('; ', ', ')}`),
  ])
}
