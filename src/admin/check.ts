import { isOnewriteError } from '../error/onewrite-error.ts'
import { withoutFix } from '../error/without-fix.ts'
import { sqlState } from '../postgres/connection-error.ts'

/**
 * - `ok`: as it should be
 * - `warning`: works, and may hurt
 * - `problem`: something does not work, or data is in danger
 * - `skipped`: could not be looked at, or does not matter here; the message says why
 */
export type CheckStatus = 'ok' | 'warning' | 'problem' | 'skipped'

export interface Finding {
  readonly status: CheckStatus
  readonly message: string
  /** What to do; there unless all is well. */
  readonly fix?: string
}

export interface CheckResult extends Finding {
  readonly name: string
}

export interface Check<Context> {
  /** `postgres.wal-level` */
  readonly name: string
  readonly look: (context: Context) => Promise<Finding | readonly Finding[]> | Finding | readonly Finding[]
}

export const ok = (message: string): Finding => ({ status: 'ok', message })
export const skipped = (message: string): Finding => ({ status: 'skipped', message })
export const warning = (message: string, fix: string): Finding => ({ status: 'warning', message, fix })
export const problem = (message: string, fix: string): Finding => ({ status: 'problem', message, fix })

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A check that this role may not make is skipped; every other error is a finding of its own. */
const failed = (error: unknown): Finding => {
  const denied = isOnewriteError(error, 'PERMISSION_DENIED') || sqlState(error) === '42501'
  if (denied)
    return skipped(`this role may not look: ${wordsOf(isOnewriteError(error) ? error.cause : error)}`)
  if (isOnewriteError(error, 'SCHEMA_MISSING'))
    return skipped('the schema is not installed, or not up to date')
  if (isOnewriteError(error)) return problem(`${withoutFix(error)} [${error.code}]`, error.fix)
  return problem(wordsOf(error), 'See the message; it came unexpected.')
}

const isList = (found: Finding | readonly Finding[]): found is readonly Finding[] => Array.isArray(found)

/** One after the other, so that a check never disturbs another; none keeps the others from being made. */
export const runChecks = async <Context>(
  checks: readonly Check<Context>[],
  context: Context,
  progress: (name: string) => void,
): Promise<readonly CheckResult[]> => {
  const results: CheckResult[] = []
  for (const { name, look } of checks) {
    progress(name)
    try {
      const found = await look(context)
      results.push(...(isList(found) ? found : [found]).map((finding) => ({ name, ...finding })))
    } catch (error) {
      results.push({ name, ...failed(error) })
    }
  }
  return results
}
