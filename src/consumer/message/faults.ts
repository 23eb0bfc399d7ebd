import { didYouMean } from '../../error/did-you-mean.ts'
import { schemaFault } from '../../message/definition-faults.ts'
import { nameFault } from '../../message/name-fault.ts'
import { topicFault } from '../../message/topic-fault.ts'

const optionNames = ['topic', 'aggregate', 'data', 'decode', 'key', 'id', 'unreadable']

const functionFault = (what: string, value: unknown): string | undefined =>
  value === undefined || typeof value === 'function' ? undefined : `${what} must be a function of the data`

const decodeFault = (decode: unknown): string | undefined =>
  decode === undefined ||
  (typeof decode === 'object' && decode !== null && 'form' in decode && 'parse' in decode)
    ? undefined
    : 'decode must be json() or cloudEvents()'

const unreadableFault = (value: unknown): string | undefined =>
  value === undefined || value === 'park' || value === 'skip' ? undefined : 'unreadable must be park or skip'

/** Every fault in the options of `topicMessage`, for callers whose types were not checked. */
export const topicMessageFaults = (type: unknown, options: object): string[] => {
  const given = new Map<string, unknown>(Object.entries(options))
  const unknown = [...given.keys()].filter((name) => !optionNames.includes(name))
  return [
    nameFault('the type', type),
    topicFault(given.get('topic')),
    nameFault('aggregate', given.get('aggregate')),
    schemaFault(given.get('data')),
    decodeFault(given.get('decode')),
    functionFault('key', given.get('key')),
    functionFault('id', given.get('id')),
    unreadableFault(given.get('unreadable')),
    ...unknown.map((name) => `unknown option ${name}${didYouMean(name, optionNames).replace('; ', ', ')}`),
  ].filter((fault) => fault !== undefined)
}
