import { errorName } from './error-name.ts'
import { type ErrorCode, errorTable } from './table.ts'

type Placeholder<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never

type Row<Code extends ErrorCode> = (typeof errorTable)[Code]

/** The parameters an error needs: one for each `{name}` in its message or fix. */
export type ErrorParameters<Code extends ErrorCode> = Readonly<
  Record<Placeholder<Row<Code>['message'] | Row<Code>['fix']>, string | number | bigint>
>

const fill = (template: string, parameters: Readonly<Record<string, string | number | bigint>>): string =>
  template.replace(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole))

/** Every error that onewrite throws on purpose. `code` names its row in the table (`docs/errors.md`). */
export class OnewriteError<Code extends ErrorCode = ErrorCode> extends Error {
  /** The name of the class of this code, for example `VersionConflictError`. */
  override readonly name: string
  readonly code: Code
  readonly parameters: ErrorParameters<Code>
  /** What this means for events already recorded or about to be. */
  readonly delivery: string
  readonly fix: string
  /** Whether the same call can succeed later without a change by a person. */
  readonly retryable: boolean

  constructor(code: Code, parameters: ErrorParameters<Code>, options?: ErrorOptions) {
    const row = errorTable[code]
    const fix = fill(row.fix, parameters)
    super(`${fill(row.message, parameters)}. ${fix} [${code}]`, options)
    this.name = errorName(code)
    this.code = code
    this.parameters = parameters
    this.delivery = row.delivery
    this.fix = fix
    this.retryable = row.retryable
  }
}

/** Narrows an unknown value to an error of onewrite, of one code where given. */
export const isOnewriteError = <Code extends ErrorCode = ErrorCode>(
  value: unknown,
  code?: Code,
): value is OnewriteError<Code> =>
  value instanceof OnewriteError && (code === undefined || value.code === code)
