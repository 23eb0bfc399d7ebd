import { dirname, join, normalize } from 'node:path/posix'
import { isNode, type Node, nodesOf, type SourceFile } from './source-file.ts'

export interface Import {
  /** As written. */
  readonly specifier: string
  /** Path in the repository, for a relative import. */
  readonly target: string | undefined
}

const importing = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

const literal = (value: unknown): string | undefined =>
  isNode(value) && typeof value['value'] === 'string' ? value['value'] : undefined

const specifierOf = (node: Node): string | undefined =>
  importing.has(node.type) ? (literal(node['source']) ?? literal(node['argument'])) : undefined

/** Every import of a file: static, re-exporting, dynamic, and of types alone. */
export const importsOf = (file: SourceFile): readonly Import[] =>
  nodesOf(file)
    .map(({ node }) => specifierOf(node))
    .filter((specifier) => specifier !== undefined)
    .map((specifier) => ({
      specifier,
      target: specifier.startsWith('.') ? normalize(join(dirname(file.path), specifier)) : undefined,
    }))

/** `@scope/name` or `name`, without the path inside the package. */
export const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
