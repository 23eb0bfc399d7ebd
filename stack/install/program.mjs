import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** TypeScript runs through tsx's loader in the same process, so that signals and exit codes need no relay. */
const loaderFor = (/** @type {string} */ file) => {
  if (!file.endsWith('.ts')) return []
  const loader = createRequire(`${root}package.json`).resolve('tsx')
  return ['--import', pathToFileURL(loader).href]
}

/**
 * Passes signals on to the program. Ctrl-C in a terminal reaches the program by itself; it must only not end this
 * process first, or the shell's prompt comes back while the program is still draining.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
const passSignals = (child) => {
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    if (signal === 'SIGINT' && process.stdin.isTTY) return
    child.kill(signal)
  }
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
  for (const signal of signals) process.on(signal, pass)
  return () => {
    for (const signal of signals) process.off(signal, pass)
  }
}

/**
 * npm passes SIGTERM to its shell, and the shell dies of it without a word to us. A new parent says so.
 *
 * @param {() => void} end
 */
const watchParent = (end) => {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    end()
  }, 500)
  return () => clearInterval(watch)
}

/**
 * Runs a program of this repository in the foreground and resolves to its exit code.
 *
 * @param {string} file relative to the root
 * @param {readonly string[]} parameters
 * @returns {Promise<number>}
 */
export const runProgram = (file, parameters) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...loaderFor(file), file, ...parameters], {
      cwd: root,
      stdio: 'inherit',
    })
    const stopPassing = passSignals(child)
    const stopWatching = watchParent(() => child.kill('SIGTERM'))
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      stopPassing()
      stopWatching()
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
  })
