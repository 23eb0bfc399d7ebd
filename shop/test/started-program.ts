import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface StartedProgram {
  readonly child: ChildProcess
  readonly output: () => string
  readonly errors: () => string
  /** Waits until the output matches and returns the first group, or the whole match. */
  sees(pattern: RegExp): Promise<string>
  /** Waits for its end and returns its exit code. */
  ended(): Promise<number | null>
}

/** The program of `npm start`; ended with the test, whatever happens. */
export const startProgram = (
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): StartedProgram => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'shop/src/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, LOG_LEVEL: 'error', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    text.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    text.err += chunk
  })
  const exit = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exit
  })
  return {
    child,
    output: () => text.out,
    errors: () => text.err,
    sees: async (pattern) => {
      await expect.poll(() => text.out + text.err, { timeout: 50_000 }).toMatch(pattern)
      const match = pattern.exec(text.out)
      return match?.[1] ?? match?.[0] ?? ''
    },
    ended: async () => {
      await exit
      return child.exitCode
    },
  }
}
