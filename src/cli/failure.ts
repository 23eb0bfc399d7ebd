import { isOnewriteError } from '../error/onewrite-error.ts'
import { withoutFix } from '../error/without-fix.ts'
import { type ExitCode, exitCodes } from './outcome.ts'

/** An error as it is printed: as text for people, as a document for machines. */
export interface Failure {
  readonly exitCode: ExitCode
  readonly text: string
  readonly json: {
    readonly error: {
      readonly code: string | null
      readonly message: string
      readonly delivery: string | null
      readonly fix: string | null
      readonly retryable: boolean
    }
  }
}

/** What the caller got wrong, as opposed to what went wrong. */
const usage: readonly string[] = ['INVALID_USAGE', 'INVALID_CONFIG', 'INVALID_IDENTIFIER']

const codeOf = (error: unknown): string | null => {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : null
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Nothing that is printed may repeat the password, whoever quoted it. */
const withoutSecrets =
  (secrets: readonly string[]) =>
  (text: string): string =>
    secrets.reduce((clean, secret) => clean.replaceAll(secret, '***'), text)

/** The password of a URL, as it stands in it and as it is meant. */
export const secretsOf = (url: string): readonly string[] => {
  const [, written] = /^[a-z]+:\/\/[^/?#]*?:([^/?#]*)@/i.exec(url) ?? []
  if (written === undefined || written === '') return []
  try {
    return [written, decodeURIComponent(written)]
  } catch {
    return [written]
  }
}

export const describeFailure = (error: unknown, secrets: readonly string[]): Failure => {
  const clean = withoutSecrets(secrets)
  if (!isOnewriteError(error)) {
    const [code, message] = [codeOf(error), clean(wordsOf(error))]
    return {
      exitCode: exitCodes.failed,
      text: `error: ${message}${code === null ? '' : ` [${code}]`}`,
      json: { error: { code, message, delivery: null, fix: null, retryable: false } },
    }
  }
  const { code, delivery, retryable } = error
  const fix = clean(error.fix)
  const message = clean(withoutFix(error))
  return {
    exitCode: usage.includes(code) ? exitCodes.usage : exitCodes.failed,
    text: `error: ${message} [${code}]\nfix:   ${fix}`,
    json: { error: { code, message, delivery, fix, retryable } },
  }
}
