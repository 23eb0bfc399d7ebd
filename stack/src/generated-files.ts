import { cliPage } from './cli-page.ts'
import { errorClasses, errorPage } from './error-pages.ts'
import { telemetryPage } from './telemetry-page.ts'

/** Path from the root of the repository, and content, of every file that is generated from a table. */
export const generatedFiles = (): readonly (readonly [path: string, content: string])[] => [
  ['src/error/classes.ts', errorClasses()],
  ['docs/errors.md', errorPage()],
  ['docs/telemetry.md', telemetryPage()],
  ['docs/reference/cli.md', cliPage()],
]
