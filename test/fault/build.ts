import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

/** The program of a relay with everything it imports, compiled. */
export interface Build {
  readonly program: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')
const entry = 'test/fault/relay-process'

const configuration = (sources: string, output: string): object => ({
  extends: join(root, 'tsconfig.json'),
  compilerOptions: {
    ...{ rootDir: sources, outDir: output, paths: {}, noEmit: false, noCheck: true },
    ...{ allowJs: false, checkJs: false, typeRoots: [join(root, 'node_modules/@types')] },
  },
  include: [],
  files: [join(sources, `${entry}.ts`)],
})

const compile = (folder: string, sources: string, output: string): void => {
  const file = join(folder, 'tsconfig.json')
  writeFileSync(file, JSON.stringify(configuration(sources, output)))
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
 * Compiles a copy of src as edited, gone after the test file. Compiled once, because each relay that
 * tsx had to load took 0.7 s of processor time and 50 MB more. The folder stands in the repository so that packages are
 * found.
 */
export const buildRelay = (edit: Edit = (_, text) => text): Build => {
  const folder = mkdtempSync(join(root, '.data-known-bad-'))
  folders.push(folder)
  const [sources, output] = [join(folder, 'sources'), join(folder, 'output')]
  cpSync(join(root, 'src'), join(sources, 'src'), { recursive: true })
  mkdirSync(join(sources, 'test/fault'), { recursive: true })
  cpSync(join(root, `${entry}.ts`), join(sources, `${entry}.ts`))
  editAll(join(sources, 'src'), edit)
  compile(folder, sources, output)
  cpSync(join(root, 'sql'), join(output, 'sql'), { recursive: true })
  return { program: join(output, `${entry}.js`) }
}

let built: Build | undefined

/** The relay as it is. */
export const theRelay = (): Build => {
  built ??= buildRelay()
  return built
}
