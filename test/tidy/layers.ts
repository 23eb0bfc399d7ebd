import { importsOf, packageOf } from './imports.ts'
import { type Finding, isCode, type Rule, type SourceFile } from './source-file.ts'

interface Layer {
  readonly level: number
  /** Highest level it may import from. */
  readonly upTo: number
  /** Packages that only this folder may use. */
  readonly owns?: readonly string[]
}

/** The folders of src, from the ground up. A folder may import itself and what lies at or below `upTo`. */
export const layers: Readonly<Record<string, Layer>> = {
  error: { level: 0, upTo: -1 },
  message: { level: 1, upTo: 0, owns: ['@standard-schema/spec', 'uuid'] },
  retry: { level: 1, upTo: 0 },
  telemetry: { level: 1, upTo: 0, owns: ['@opentelemetry/api'] },
  lifecycle: { level: 2, upTo: 1 },
  postgres: { level: 3, upTo: 2, owns: ['pg'] },
  transport: { level: 3, upTo: 3 },
  kafka: { level: 4, upTo: 3, owns: ['@confluentinc/kafka-javascript'] },
  log: { level: 4, upTo: 3 },
  outbox: { level: 4, upTo: 3 },
  'dead-letter': { level: 4, upTo: 3 },
  action: { level: 5, upTo: 4 },
  relay: { level: 5, upTo: 4 },
  consumer: { level: 5, upTo: 4 },
  redis: { level: 6, upTo: 5 },
  projection: { level: 6, upTo: 5 },
  saga: { level: 6, upTo: 5 },
  service: { level: 7, upTo: 6 },
  admin: { level: 7, upTo: 6 },
  testing: { level: 7, upTo: 6 },
  cli: { level: 8, upTo: 7, owns: ['commander'] },
  console: { level: 8, upTo: 7 },
}

/** A contract in a lower folder that others implement: `log` and `kafka` never import each other. */
const entries = /^src\/(index\.ts|[a-z-]+\/index\.ts)$/

const folderOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1]

const sources = (files: readonly SourceFile[]): readonly SourceFile[] =>
  files.filter((file) => file.path.startsWith('src/') && isCode(file))

const mayImport = (from: string, to: string): boolean => {
  const [own, other] = [layers[from], layers[to]]
  return from === to || (own !== undefined && other !== undefined && other.level <= own.upTo)
}

const layerFindings = (file: SourceFile): readonly Finding[] => {
  const from = folderOf(file.path)
  if (from === undefined) return []
  if (!Object.hasOwn(layers, from)) return [`${file.path}: src/${from} is not in the layer table`]
  return importsOf(file)
    .map(({ target }) => (target === undefined ? undefined : folderOf(target)))
    .filter((to) => to !== undefined && !mayImport(from, to))
    .map((to) => `${file.path}: ${from} may not import ${to}`)
}

const packageFindings = (file: SourceFile): readonly Finding[] =>
  importsOf(file)
    .filter(({ specifier, target }) => target === undefined && !specifier.startsWith('node:'))
    .map(({ specifier }) => packageOf(specifier))
    .filter((name) => layers[folderOf(file.path) ?? '']?.owns?.includes(name) !== true)
    .map((name) => `${file.path}: ${name} may be imported only where the layer table says so`)

const entryFindings = (file: SourceFile): readonly Finding[] =>
  importsOf(file)
    .filter(({ target }) => target !== undefined && /(^|\/)index\.ts$/.test(target))
    .map(({ specifier }) => `${file.path}: imports ${specifier}; import the file that defines the name`)

const exportAll = (file: SourceFile): readonly Finding[] =>
  /^export \* /m.test(file.text) ? [`${file.path}: export names, not everything`] : []

const escapes = (file: SourceFile): readonly Finding[] =>
  importsOf(file)
    .filter(({ target }) => target !== undefined && !target.startsWith('src/'))
    .map(({ specifier }) => `${file.path}: imports ${specifier}, which is not in the package`)

const each =
  (check: (file: SourceFile) => readonly Finding[]) =>
  (files: readonly SourceFile[]): readonly Finding[] =>
    sources(files).flatMap(check)

const one = (path: string, text: string): readonly SourceFile[] => [{ path, text }]

export const layerRules: readonly Rule[] = [
  {
    name: 'imports point from higher layers to lower ones, and every folder of src has a layer',
    check: each(layerFindings),
    broken: [
      one('src/message/event.ts', "import type { Relay } from '../relay/relay.ts'"),
      one('src/log/append.ts', "export { kafka } from '../kafka/kafka.ts'"),
      one('src/relay/relay.ts', "const load = () => import('../testing/clock.ts')"),
      one('src/retry/delay.ts', "type Row = import('../log/row.ts').Row"),
      one('src/queue/queue.ts', 'export {}'),
    ],
  },
  {
    name: 'a foreign package is used in the one folder that owns it',
    check: each(packageFindings),
    broken: [
      one('src/log/append.ts', "import pg from 'pg'"),
      one('src/relay/relay.ts', "import { trace } from '@opentelemetry/api'"),
      one('src/transport/memory.ts', "import type { KafkaJS } from '@confluentinc/kafka-javascript'"),
      one('src/postgres/pool.ts', "import map from 'lodash/map.js'"),
    ],
  },
  {
    name: 'nobody in src imports an entry point',
    check: each(entryFindings),
    broken: [one('src/log/append.ts', "import { migrate } from '../postgres/index.ts'")],
  },
  {
    name: 'an index.ts is an entry point of the package',
    check: (files) =>
      sources(files)
        .filter(({ path }) => path.endsWith('/index.ts') && !entries.test(path))
        .map(({ path }) => `${path}: not an entry point`),
    broken: [one('src/log/read/index.ts', 'export {}')],
  },
  {
    name: 'exports are named',
    check: each(exportAll),
    broken: [one('src/index.ts', "export * from './log/append.ts'")],
  },
  {
    name: 'the package imports nothing outside of src',
    check: each(escapes),
    broken: [one('src/log/append.ts', "import { startKafka } from '../../stack/src/kafka.ts'")],
  },
]
