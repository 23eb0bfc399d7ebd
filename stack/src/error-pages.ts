import { errorName } from '../../src/error/error-name.ts'
import type { ErrorRow } from '../../src/error/error-row.ts'
import { errorTable } from '../../src/error/table.ts'

const codes = Object.entries<ErrorRow>(errorTable).sort(([a], [b]) => (a < b ? -1 : 1))

const section = ([code, row]: [string, ErrorRow]): string => `## ${code}

\`${errorName(code)}\`, ${row.retryable ? 'retryable' : 'not retryable'}

- What happened: ${row.message}
- What it means for delivery: ${row.delivery}
- How to fix it: ${row.fix}
`

/** docs/errors.md */
export const errorPage = (): string => `# Errors

Every error that onewrite throws on purpose is an \`OnewriteError\` and has a row here. Generated from
\`src/error/table.ts\` by \`npm run docs\`.

- \`error.code\` names the row; \`error instanceof VersionConflictError\` asks the same of the type.
- \`error.parameters\` holds what stands in braces below; \`error.cause\` the error underneath, where there is one.
- \`error.retryable\` says whether the same call can succeed later without a change by a person.

| code | retryable |
|---|---|
${codes.map(([code, row]) => `| [${code}](#${code.toLowerCase()}) | ${row.retryable ? 'yes' : 'no'} |`).join('\n')}

${codes.map(section).join('\n')}`

const classOf = ([code]: [string, ErrorRow]): string => {
  const name = errorName(code)
  return `export const ${name} = errorClass('${code}')\nexport type ${name} = InstanceType<typeof ${name}>`
}

/** src/error/classes.ts */
export const errorClasses = (): string => `// Generated from table.ts by \`npm run docs\`.
import { errorClass } from './error-class.ts'

${codes.map(classOf).join('\n')}
`
