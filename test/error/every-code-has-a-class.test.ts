import { describe, expect, it } from 'vitest'
import * as classes from '../../src/error/classes.ts'
import { didYouMean, nearest } from '../../src/error/did-you-mean.ts'
import { errorName } from '../../src/error/error-name.ts'
import type { ErrorRow } from '../../src/error/error-row.ts'
import { isOnewriteError, OnewriteError } from '../../src/error/onewrite-error.ts'
import { errorTable } from '../../src/error/table.ts'

const codes = Object.keys(errorTable)

describe('the classes of errors', () => {
  it('are one for each code of the table, and no other', () => {
    expect(Object.keys(classes).sort()).toEqual(codes.map(errorName).sort())
    expect(
      Object.values(classes)
        .map((one) => one.code)
        .sort(),
    ).toEqual([...codes].sort())
  })

  it('recognise an error however it was made', () => {
    const parameters = { stream: 'order-1', expected: 3, actual: 4 }
    for (const error of [
      new classes.VersionConflictError(parameters),
      new OnewriteError('VERSION_CONFLICT', parameters),
    ]) {
      expect(error).toBeInstanceOf(classes.VersionConflictError)
      expect(error).toBeInstanceOf(OnewriteError)
      expect(error).toBeInstanceOf(Error)
      expect(error).not.toBeInstanceOf(classes.DuplicateEventError)
      expect(String(error)).toMatch(
        /^VersionConflictError: stream order-1: expected 3, actual 4\. .*\[VERSION_CONFLICT\]$/,
      )
    }
    expect(new Error('other')).not.toBeInstanceOf(classes.VersionConflictError)
    expect(undefined).not.toBeInstanceOf(classes.VersionConflictError)
  })

  it('carry what the table says, the parameters and the cause', () => {
    const cause = new Error('connect ECONNREFUSED')
    const error = new classes.DatabaseUnreachableError(
      { address: 'db:5432', cause: cause.message },
      { cause },
    )
    expect(error).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      retryable: true,
      delivery: errorTable.DATABASE_UNREACHABLE.delivery,
      parameters: { address: 'db:5432', cause: 'connect ECONNREFUSED' },
      cause,
    })
  })

  it('narrow an unknown value', () => {
    const error: unknown = new OnewriteError('EMPTY_APPEND', {})
    expect(isOnewriteError(error)).toBe(true)
    expect(isOnewriteError(error, 'EMPTY_APPEND')).toBe(true)
    expect(isOnewriteError(error, 'FENCED')).toBe(false)
    expect(isOnewriteError({ code: 'EMPTY_APPEND' })).toBe(false)
  })
})

describe('the table of errors', () => {
  it.each(Object.entries<ErrorRow>(errorTable))(
    '%s reads as one sentence each, with named parameters',
    (code, row) => {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
      // The constructor adds the full stop, and parameters may end in any character.
      expect(row.message).not.toMatch(/\.$/)
      expect(row.delivery).toMatch(/\.$/)
      expect(row.fix).toMatch(/(\.|^\{fix\})$/)
      expect(`${row.message}${row.fix}`.replace(/\{\w+\}/g, '')).not.toMatch(/[{}]/)
    },
  )

  it('fills every parameter, and leaves text of a parameter alone', () => {
    const error = new OnewriteError('INVALID_EVENT', { type: 'order.created', faults: '{type} $& $1' })
    expect(error.message).toContain('invalid data for order.created: {type} $& $1. ')
  })
})

describe('a slip of the pen', () => {
  const known = ['order.created', 'order.cancelled', 'payment.charged']
  it.each([
    ['order.craeted', 'order.created'],
    ['Order.Created', 'order.created'],
    ['order.canceled', 'order.cancelled'],
    ['stock.reserved', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
  ])('%.20s is answered with %s', (name, expected) => {
    expect(nearest(name, known)).toBe(expected)
  })

  it('is suggested in a message', () => {
    expect(didYouMean('order.craeted', known)).toBe('; did you mean order.created?')
    expect(didYouMean('stock.reserved', known)).toBe('')
  })
})
