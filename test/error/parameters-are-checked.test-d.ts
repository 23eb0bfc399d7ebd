import { expectTypeOf, test } from 'vitest'
import { VersionConflictError } from '../../src/error/classes.ts'
import { type ErrorParameters, isOnewriteError, OnewriteError } from '../../src/error/onewrite-error.ts'
import type { ErrorCode } from '../../src/error/table.ts'

test('the parameters of an error are those its row names, no fewer and no more', () => {
  expectTypeOf<keyof ErrorParameters<'VERSION_CONFLICT'>>().toEqualTypeOf<'stream' | 'expected' | 'actual'>()
  expectTypeOf<keyof ErrorParameters<'EMPTY_APPEND'>>().toEqualTypeOf<never>()
  // @ts-expect-error actual is missing
  new OnewriteError('VERSION_CONFLICT', { stream: 'order-1', expected: 3 })
  // @ts-expect-error found is not a parameter of this error
  new OnewriteError('VERSION_CONFLICT', { stream: 'order-1', expected: 3, actual: 4, found: 4 })
  // @ts-expect-error no such code
  new OnewriteError('NO_SUCH_CODE', {})
  // @ts-expect-error actual is missing
  new VersionConflictError({ stream: 'order-1', expected: 3 })
})

test('instanceof and isOnewriteError narrow to the parameters of the code', () => {
  const error: unknown = new VersionConflictError({ stream: 'order-1', expected: 3, actual: 4 })
  if (error instanceof VersionConflictError) {
    expectTypeOf(error.code).toEqualTypeOf<'VERSION_CONFLICT'>()
    expectTypeOf(error.parameters.actual).toEqualTypeOf<string | number | bigint>()
  }
  if (isOnewriteError(error, 'FENCED')) expectTypeOf(error.parameters).toHaveProperty('name')
  if (isOnewriteError(error)) expectTypeOf(error.code).toEqualTypeOf<ErrorCode>()
})
