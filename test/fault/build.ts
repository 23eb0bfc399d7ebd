import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

/** A program with everything it imports, compiled. */
export interface Build {
  readonly program: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')

/** The file that runs, then what else it needs of this folder. */
type Program = readonly [entry: string, ...rest: string[]]

const relayProgram: Program = ['relay-process.ts']
const consumerProgram: Program = [
  'consumer-process.ts',
  'reported.ts',
  'consumer-history.ts',
  'steps.ts',
  'take-step.ts',
]

const configuration = (sources: string, output: string, entry: string): object => ({
  extends: join(root, 'tsconfig.json'),
  compilerOptions: {
    ...{ rootDir: sources, outDir: output, paths: {}, noEmit: false, noCheck: true },
    ...{ allowJs: false, checkJs: false, typeRoots: [join(root, 'node_modules/@types')] },
  },
  include: [],
  files: [join(sources, 'test/fault', entry)],
})

const compile = (folder: string, sources: string, output: string, entry: string): void => {
  const file = join(folder, 'tsconfig.json')
  writeFileSync(file, JSON.stringify(configuration(sources, output, entry)))
  execFileSync(process.execPath, [compiler, '-p', file], { stdio: ['ignore', 'inherit', 'inherit'] })
}

/** Gets the path below src and the text of each file, and returns the text to compile. */
export type Edit = (file: string, text: string) => string

const editAll = (folder: string, edit: Edit): void => {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue
    const path = join(folder, file)
    const text = readFileSync(path, 'utf8')
    const edited = edit(file, text)
    if (edited !== text) writeFileSync(path, edited)
  }
}

const folders: string[] = []

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/**
 * Compiles a copy of src as edited, gone after the test file. Compiled once, because each process that
 * tsx had to load took 0.7 s of processor time and 50 MB more. The folder stands in the repository so that packages are
 * found.
 */
const build = (program: Program, edit: Edit): Build => {
  const folder = mkdtempSync(join(root, '.data-known-bad-'))
  folders.push(folder)
  const [sources, output] = [join(folder, 'sources'), join(folder, 'output')]
  cpSync(join(root, 'src'), join(sources, 'src'), { recursive: true })
  mkdirSync(join(sources, 'test/fault'), { recursive: true })
  for (const file of program) cpSync(join(root, 'test/fault', file), join(sources, 'test/fault', file))
  editAll(join(sources, 'src'), edit)
  const [entry] = program
  compile(folder, sources, output, entry)
  cpSync(join(root, 'sql'), join(output, 'sql'), { recursive: true })
  return { program: join(output, 'test/fault', entry.replace(/ts$/, 'js')) }
}

const asItIs: Edit = (_, text) => text

export const buildRelay = (edit: Edit): Build => build(relayProgram, edit)

export const buildConsumer = (edit: Edit): Build => build(consumerProgram, edit)

let relay: Build | undefined
let consumer: Build | undefined

/** The relay as it is. */
export const theRelay = (): Build => {
  relay ??= buildRelay(asItIs)
  return relay
}

/** The consumer as it is. */
export const theConsumer = (): Build => {
  consumer ??= buildConsumer(asItIs)
  return consumer
}
