import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'

export interface SourceFile {
  /** Relative to the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** One finding: where, and what to do. */
export type Finding = string

/** A rule, and the smallest source that breaks it, so that a rule that finds nothing is noticed. */
export interface Rule {
  readonly name: string
  readonly check: (files: readonly SourceFile[]) => readonly Finding[]
  readonly broken: readonly (readonly SourceFile[])[]
}

/** A node of the syntax tree, as far as the rules look at it. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

export const root = fileURLToPath(new URL('../..', import.meta.url))

const binary = /\.(png|jpe?g|gif|ico|pdf|woff2?|gz|tgz|avro)$/

/** Everything that is or may be committed: tracked files, and new ones that are not ignored. */
export const repositoryFiles = (): readonly SourceFile[] =>
  execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && !binary.test(path) && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

export const isCode = ({ path }: SourceFile): boolean => /\.(ts|mjs|js)$/.test(path)
export const isTest = ({ path }: SourceFile): boolean => /\.test(-d)?\.ts$/.test(path)

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

const childrenOf = (node: Node): readonly Node[] =>
  Object.values(node).flatMap((value) =>
    Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  )

const trees = new WeakMap<SourceFile, readonly { readonly node: Node; readonly parent: Node | undefined }[]>()

/** Every node of the file with its parent, parsed once. */
export const nodesOf = (
  file: SourceFile,
): readonly { readonly node: Node; readonly parent: Node | undefined }[] => {
  const known = trees.get(file)
  if (known !== undefined) return known
  const program: unknown = parseSync(file.path, file.text).program
  const found: { node: Node; parent: Node | undefined }[] = []
  const open: { node: Node; parent: Node | undefined }[] = isNode(program)
    ? [{ node: program, parent: undefined }]
    : []
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    found.push(next)
    for (const child of childrenOf(next.node)) open.push({ node: child, parent: next.node })
  }
  trees.set(file, found)
  return found
}

export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

/** `path:line`, for each match of the pattern. */
export const places = (file: SourceFile, pattern: RegExp): readonly string[] =>
  [...file.text.matchAll(pattern)].map((match) => `${file.path}:${lineAt(file.text, match.index)}`)
