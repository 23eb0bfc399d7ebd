import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path/posix'
import { type Finding, type Rule, root, type SourceFile } from './source-file.ts'

const isDocument = ({ path }: SourceFile): boolean => path.endsWith('.md')

const link = /\]\(([^)\s]+)\)/g

/** Files that relative links of a document point at, seen from the root. */
const targetsOf = ({ path, text }: SourceFile): readonly string[] =>
  [...text.replace(/```[\s\S]*?```/g, '').matchAll(link)]
    .map(([, target = '']) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
    .map((target) => normalize(join(dirname(path), target)))

const brokenLinks = (file: SourceFile): readonly Finding[] =>
  targetsOf(file)
    .filter((target) => !existsSync(join(root, target)))
    .map((target) => `${file.path}: links to ${target}, which does not exist`)

/** The rows of a table that begin with a number: the promises. */
const promisesOf = ({ text }: SourceFile): readonly string[] =>
  text.split('\n').filter((line) => /^\|\s*\d+\s*\|/.test(line))

const promiseFindings = (file: SourceFile): readonly Finding[] => {
  const rows = promisesOf(file)
  const untested = rows.filter(
    (row) =>
      !targetsOf({ path: file.path, text: row }).some(
        (target) => /\.test\.ts$/.test(target) && existsSync(join(root, target)),
      ),
  )
  const none = rows.length === 0 ? [`${file.path}: no promise found`] : []
  return [...none, ...untested.map((row) => `${file.path}: no existing test for: ${row.slice(0, 80)}`)]
}

const readmeFindings = (file: SourceFile): readonly Finding[] => {
  const lines = file.text.split('\n')
  const definition = lines[2] ?? ''
  const code = lines.findIndex((line) => line.startsWith('```'))
  return [
    ...(/^\w.{40,}\.$/.test(definition) ? [] : ['README.md: line 3 says in one sentence what this is']),
    ...(code >= 0 && code < 25 ? [] : ['README.md: code comes before line 25']),
  ]
}

const of =
  (path: string, check: (file: SourceFile) => readonly Finding[]) => (files: readonly SourceFile[]) =>
    files.filter((file) => file.path === path).flatMap(check)

const one = (path: string, text: string): readonly SourceFile[] => [{ path, text }]

export const documentRules: readonly Rule[] = [
  {
    name: 'every relative link in a document leads to a file',
    check: (files) => files.filter(isDocument).flatMap(brokenLinks),
    broken: [one('docs/x.md', 'see [this](no-such-file.md)')],
  },
  {
    name: 'every promise in docs/guarantees.md has a test that exists',
    check: of('docs/guarantees.md', promiseFindings),
    broken: [
      one('docs/guarantees.md', '| 1 | nothing is lost | always | | |'),
      one('docs/guarantees.md', '| 1 | nothing is lost | [t](../test/no/such.test.ts) |'),
      one('docs/guarantees.md', 'no table at all'),
    ],
  },
  {
    name: 'the README says what this is on line 3 and shows code before line 25',
    check: of('README.md', readmeFindings),
    broken: [
      one('README.md', '# onewrite\n\n## Install\n```\n```'),
      one(
        'README.md',
        `# onewrite\n\nA framework that says what it is in one sentence.\n${'\n'.repeat(30)}\`\`\``,
      ),
    ],
  },
]
