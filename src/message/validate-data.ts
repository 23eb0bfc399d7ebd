import type { StandardSchemaV1 } from '@standard-schema/spec'
import { OnewriteError } from '../error/onewrite-error.ts'
import { faultText } from './fault-path.ts'

export type Validated<Data> = { readonly data: Data } | { readonly faults: readonly string[] }

const ignore = (): void => undefined

/**
 * Runs a Standard Schema. Its output counts, not its input.
 *
 * @throws ASYNC_SCHEMA when the schema answers with a promise
 */
export const validateData = <Data>(
  type: string,
  schema: StandardSchemaV1<unknown, Data>,
  input: unknown,
): Validated<Data> => {
  const result = schema['~standard'].validate(input)
  // Any thenable: a promise of another realm is no instance of this one's Promise.
  if ('then' in result) {
    // Nobody waits for it any more; a rejection must not end the process.
    result.then(ignore, ignore)
    throw new OnewriteError('ASYNC_SCHEMA', { type })
  }
  if (result.issues === undefined) return { data: result.value }
  return { faults: result.issues.map((issue) => faultText(issue.path ?? [], issue.message)) }
}
