import { spawn, spawnSync } from 'node:child_process'
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'
import { cacheFolder } from './cache.mjs'
import { InstallFailure } from './failure.mjs'

const shownLines = 20

/**
 * The telling part of a log. npm says what is wrong first and prints its usage afterwards; others end with it.
 *
 * @param {string} file
 */
const tailOf = (file) => {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const npm = lines.filter((line) => /^npm error \S/.test(line))
  return (npm.length > 0 ? npm.slice(0, shownLines) : lines.slice(-shownLines)).join('\n')
}

/** @param {string} name */
const logFile = (name) => {
  const folder = join(cacheFolder(), 'log')
  mkdirSync(folder, { recursive: true })
  return join(folder, `${name}-${process.pid}.log`)
}

/**
 * @typedef {object} CommandOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] added to the environment of this process
 * @property {number} [timeout] milliseconds, then SIGTERM to the whole group
 */

/**
 * @param {readonly string[]} command
 * @param {number} output
 * @param {CommandOptions} options
 * @returns {Promise<string | undefined>} what went wrong
 */
const finish = (command, output, options) =>
  new Promise((resolve) => {
    const [file = '', ...parameters] = command
    const child = spawn(file, parameters, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', output, output],
      detached: true,
    })
    const abandon = () => child.pid && process.kill(-child.pid, 'SIGTERM')
    const timer = options.timeout ? setTimeout(abandon, options.timeout) : undefined
    // The command has its own group so that a timeout reaches its children; Ctrl-C must then be passed on.
    const interrupt = () => {
      abandon()
      process.exit(130)
    }
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
    const done = (/** @type {string | undefined} */ fault) => {
      clearTimeout(timer)
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
      resolve(fault)
    }
    child.once('error', (error) => done(error.message))
    child.once('exit', (code, signal) =>
      done(code === 0 ? undefined : signal ? `ended by ${signal}` : `exit code ${code}`),
    )
  })

/**
 * Runs a command whose output goes to a log file; the tail of it is part of the failure.
 *
 * @param {string} name
 * @param {readonly string[]} command
 * @param {CommandOptions & { fix: string }} options
 */
export const runLogged = async (name, command, options) => {
  const log = logFile(name)
  const output = openSync(log, 'a')
  try {
    writeSync(output, `$ ${command.join(' ')}\n`)
    const fault = await finish(command, output, options)
    if (fault === undefined) return rmSync(log)
    throw new InstallFailure(`${command.join(' ')}: ${fault}`, { fix: options.fix, log, tail: tailOf(log) })
  } finally {
    closeSync(output)
  }
}

/** @param {readonly string[]} command */
export const succeeds = ([file = '', ...parameters]) =>
  spawnSync(file, parameters, { stdio: 'ignore', timeout: 60_000 }).status === 0

/** @param {string} file */
const isExecutable = (file) => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** @param {string} program */
export const isInstalled = (program) =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && isExecutable(join(folder, program)))
