import type { ErrorCode } from './table.ts'

type PascalCase<Text extends string> = Text extends `${infer Head}_${infer Rest}`
  ? `${Capitalize<Lowercase<Head>>}${PascalCase<Rest>}`
  : Capitalize<Lowercase<Text>>

/** `VERSION_CONFLICT` is `VersionConflictError`. */
export type ErrorName<Code extends ErrorCode = ErrorCode> = `${PascalCase<Code>}Error`

/** The name of the class of a code, as it stands in front of the message in a log. */
export const errorName = (code: string): string =>
  `${code.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())}Error`
