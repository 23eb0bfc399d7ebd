import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Folder of the compiled programs, laid out as the repository is. */
export const compiled = fileURLToPath(new URL('../dist', import.meta.url))

/**
 * Compiles the measured programs with the library they import. Measured through tsx instead, every function would be
 * wrapped for the sake of its name.
 */
export const compile = async (say: (text: string) => void): Promise<void> => {
  say('compiling')
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json')
  const parameters = [compiler.replace('package.json', 'bin/tsc'), '-p', 'bench/tsconfig.build.json']
  await run(process.execPath, parameters, { cwd: root }).catch((error: unknown) => {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
    throw new Error(`the measured programs do not compile\n${output}`, { cause: error })
  })
}
