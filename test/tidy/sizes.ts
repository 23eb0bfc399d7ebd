import {
  type Finding,
  isCode,
  isNode,
  lineAt,
  type Node,
  nodesOf,
  type Rule,
  type SourceFile,
} from './source-file.ts'

const fileLines = 300
const functionLines = 60
const columns = 120

const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

const calleeName = (callee: unknown): unknown => {
  if (!isNode(callee)) return undefined
  // `describe.each(table)(name, run)`: the name is further inside.
  return callee['name'] ?? calleeName(callee['object'] ?? callee['callee'])
}

/** A group of tests is a list, however long. */
const isTestGroup = (parent: Node | undefined): boolean =>
  parent?.type === 'CallExpression' && calleeName(parent['callee']) === 'describe'

const longFunctions = (file: SourceFile): readonly Finding[] =>
  nodesOf(file)
    .filter(({ node, parent }) => functions.has(node.type) && !isTestGroup(parent))
    .map(({ node }) => ({ first: lineAt(file.text, node.start), last: lineAt(file.text, node.end) }))
    .filter(({ first, last }) => last - first + 1 > functionLines)
    .map(({ first, last }) => `${file.path}:${first}: a function of ${last - first + 1} lines`)

/** A long text or pattern is not broken for the sake of a column; a lone backtick is one end of a long text. */
const withoutText = (line: string): string => {
  const bare = line.replace(/^\s*\/[^/*].*\/[a-z]*,?$/, '').replace(/'[^']*'|"[^"]*"|`[^`]*`/g, "''")
  return bare.includes('`') ? '' : bare
}

const longLines = (file: SourceFile): readonly Finding[] =>
  file.text
    .split('\n')
    .map((line, index) => ({ length: withoutText(line).length, number: index + 1 }))
    .filter(({ length }) => length > columns)
    .map(({ length, number }) => `${file.path}:${number}: ${length} columns`)

const countLines = ({ text }: SourceFile): number => text.trimEnd().split('\n').length

const one = (text: string): readonly SourceFile[] => [{ path: 'src/log/append.ts', text }]

export const sizeRules: readonly Rule[] = [
  {
    name: `a file of code has at most ${fileLines} lines`,
    check: (files) =>
      files
        .filter((file) => (isCode(file) || file.path.endsWith('.sql')) && file.path !== 'sql/schema.sql')
        .filter((file) => countLines(file) > fileLines)
        .map((file) => `${file.path}: ${countLines(file)} lines`),
    broken: [one('const a = 1\n'.repeat(fileLines + 1))],
  },
  {
    name: `a function has at most ${functionLines} lines`,
    check: (files) => files.filter(isCode).flatMap(longFunctions),
    broken: [
      one(`const long = () => {\n${'  work()\n'.repeat(functionLines)}}`),
      one(`function long() {\n${'  work()\n'.repeat(functionLines)}}`),
      one(`const shape = {\n  long() {\n${'    work()\n'.repeat(functionLines)}  },\n}`),
    ],
  },
  {
    name: `a line of code has at most ${columns} columns, texts aside`,
    check: (files) => files.filter(isCode).flatMap(longLines),
    broken: [one(`const sum = ${'one + '.repeat(30)}one`)],
  },
]
