import type { Command } from 'commander'
import { buildProgram } from '../../src/cli/program.ts'
import { commandRunner } from '../../src/cli/run-command.ts'

const width = 100

const nothing = (): void => undefined

/** The help as it is printed, examples included. */
const helpOf = (command: Command): string => {
  let printed = ''
  command.configureOutput({
    getOutHelpWidth: () => width,
    writeOut: (text) => {
      printed += text
    },
  })
  command.outputHelp()
  return printed.trimEnd()
}

const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`

const leaves = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)

const section = (command: Command): string => `## ${nameOf(command)}\n\n\`\`\`\n${helpOf(command)}\n\`\`\`\n`

const anchor = (command: Command): string => nameOf(command).replaceAll(' ', '-')

const row = (command: Command): string =>
  `| [${nameOf(command)}](#${anchor(command)}) | ${command.description()} |`

/** docs/reference/cli.md */
export const cliPage = (): string => {
  const terminal = {
    out: nothing,
    err: nothing,
    env: {},
    interactive: false,
    signal: new AbortController().signal,
  }
  const commands = leaves(buildProgram(commandRunner(terminal, nothing)))
  return `# The program onewrite

\`npx onewrite\` where the package is installed; \`npm run onewrite --\` in this repository. Generated from the commands in
\`src/cli\` by \`npm run docs\`.

The database is that of \`--database-url\`, or of \`DATABASE_URL\`. The answer goes to standard output: text for people, with
\`--json\` one document for machines, in which positions and bytes are text because they can be larger than a JavaScript
number. Faults go to standard error; with \`--json\` they are the document, as \`{ "error": { "code", "message", "delivery",
"fix", "retryable" } }\`. Passwords are never printed. What a command changes, \`--dry-run\` only tells;
\`dead-letters redrive\` only tells until it is given \`--yes\`.

| exit code | means |
|---|---|
| 0 | done, and all is well |
| 1 | failed; see the error and its fix |
| 2 | wrong usage, or an option that cannot be right |
| 3 | done, and something waits for a person: \`status\`, \`relay status\`, \`doctor\`, \`dead-letters\` |

| command | |
|---|---|
${commands.map(row).join('\n')}

${commands.map(section).join('\n')}`
}
