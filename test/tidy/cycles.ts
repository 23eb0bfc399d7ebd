import { importsOf } from './imports.ts'
import { type Finding, isCode, type Rule, type SourceFile } from './source-file.ts'

type Graph = ReadonlyMap<string, readonly string[]>

const graphOf = (files: readonly SourceFile[]): Graph =>
  new Map(
    files
      .filter(isCode)
      .map((file) => [
        file.path,
        importsOf(file).flatMap(({ target }) => (target === undefined ? [] : [target])),
      ]),
  )

/** Depth first; a file met again while it is still open closes a cycle. */
const findCycles = (graph: Graph): readonly Finding[] => {
  const done = new Set<string>()
  const cycles: Finding[] = []
  const visit = (path: string, open: readonly string[]): void => {
    const start = open.indexOf(path)
    if (start >= 0) cycles.push([...open.slice(start), path].join(' -> '))
    if (start >= 0 || done.has(path)) return
    for (const target of graph.get(path) ?? []) visit(target, [...open, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return cycles
}

export const cycleRules: readonly Rule[] = [
  {
    name: 'imports have no cycle, not even of types',
    check: (files) => findCycles(graphOf(files)),
    broken: [
      [
        { path: 'src/log/append.ts', text: "import { read } from './read.ts'" },
        { path: 'src/log/read.ts', text: "import type { Append } from './append.ts'" },
      ],
    ],
  },
]
