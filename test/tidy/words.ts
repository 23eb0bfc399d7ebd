import { isCode, lineAt, nodesOf, places, type Rule, type SourceFile } from './source-file.ts'

const isRuleItself = ({ path }: SourceFile): boolean => path.startsWith('test/tidy/')
const isText = ({ path }: SourceFile): boolean => path !== 'package-lock.json' && path !== 'LICENSE'

const one = (path: string, text: string): readonly SourceFile[] => [{ path, text }]
const code = (text: string): readonly SourceFile[] => one('src/log/append.ts', text)

const suppressions = /@ts-(ignore|nocheck)|biome-ignore|eslint-disable/g
const leftovers = /\b(TODO|FIXME|XXX|HACK)\b/g

/** Folders of one person's machine, and talk about how the text came to be instead of what is so. */
const private_ = [
  /(?<![\w.])\/(home|Users|root|work)\/[\w.]+/g,
  /\b(language model|LLMs?|chatbot|system prompt|my instructions)\b/gi,
  /\bissue #?\d+\b/gi,
]

const anyTypes = (file: SourceFile): readonly string[] =>
  nodesOf(file)
    .filter(({ node }) => node.type === 'TSAnyKeyword')
    .map(({ node }) => `${file.path}:${lineAt(file.text, node.start)}: any`)

const doubleCasts = (file: SourceFile): readonly string[] =>
  nodesOf(file)
    .filter(({ node, parent }) => node.type === 'TSUnknownKeyword' && parent?.type === 'TSAsExpression')
    .map(({ node }) => `${file.path}:${lineAt(file.text, node.start)}: a cast through unknown`)

export const wordRules: readonly Rule[] = [
  {
    name: 'there is no any',
    check: (files) => files.filter(isCode).flatMap(anyTypes),
    broken: [code('const read = (row: any) => row'), code('const row = read() as any')],
  },
  {
    name: 'nothing is cast through unknown',
    check: (files) => files.filter(isCode).flatMap(doubleCasts),
    broken: [code('const row = read() as unknown as Row')],
  },
  {
    name: 'no check is switched off',
    check: (files) =>
      files
        .filter((file) => isCode(file) && !isRuleItself(file))
        .flatMap((file) => places(file, suppressions)),
    broken: [code('// @ts-ignore\nread()'), code('// biome-ignore lint: no\nread()')],
  },
  {
    name: 'nothing is left for later',
    check: (files) =>
      files.filter((file) => isText(file) && !isRuleItself(file)).flatMap((file) => places(file, leftovers)),
    broken: [code('// TODO: write this'), one('docs/errors.md', 'FIXME')],
  },
  {
    name: 'the repository speaks of the product alone',
    check: (files) =>
      files
        .filter((file) => isText(file) && !isRuleItself(file))
        .flatMap((file) => private_.flatMap((pattern) => places(file, pattern))),
    broken: [
      one('README.md', 'see /home/me/notes'),
      one('docs/x.md', 'As a language model'),
      code('// issue 3'),
    ],
  },
  {
    name: 'the lockfile names no registry but the public one',
    check: (files) =>
      files
        .filter(({ path }) => path === 'package-lock.json')
        .flatMap((file) => places(file, /"resolved": "(?!https:\/\/registry\.npmjs\.org\/)https?:/g)),
    broken: [one('package-lock.json', '"resolved": "https://registry.example/pg"')],
  },
]
