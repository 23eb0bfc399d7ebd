import { type ErrorParameters, OnewriteError } from './onewrite-error.ts'
import type { ErrorCode } from './table.ts'

/** A class for the errors of one code. */
export interface ErrorClass<Code extends ErrorCode> {
  new (parameters: ErrorParameters<Code>, options?: ErrorOptions): OnewriteError<Code>
  readonly code: Code
}

/**
 * Makes the class of one code. `instanceof` asks for the code, so that it also holds for an error that was
 * made with `new OnewriteError(code, …)`.
 */
export const errorClass = <Code extends ErrorCode>(code: Code): ErrorClass<Code> =>
  class extends OnewriteError<Code> {
    static readonly code: Code = code

    constructor(parameters: ErrorParameters<Code>, options?: ErrorOptions) {
      super(code, parameters, options)
    }

    static override [Symbol.hasInstance](value: unknown): boolean {
      return value instanceof OnewriteError && value.code === code
    }
  }
