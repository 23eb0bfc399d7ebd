import { OnewriteError } from '../error/onewrite-error.ts'
import type { Definition } from './definition.ts'

/** Definitions by type. */
export type Catalogue = ReadonlyMap<string, Definition>

/**
 * Collects definitions. The same definition may be given twice; two of one type may not.
 *
 * @throws DUPLICATE_DEFINITION
 */
export const catalogue = (definitions: Iterable<Definition>): Catalogue => {
  const byType = new Map<string, Definition>()
  for (const definition of definitions) {
    const { type } = definition
    const known = byType.get(type)
    if (known !== undefined && known !== definition) throw new OnewriteError('DUPLICATE_DEFINITION', { type })
    byType.set(type, definition)
  }
  return byType
}
