import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runLogged } from './command.mjs'
import { withLock } from './lock.mjs'
import { root } from './program.mjs'
import { step } from './progress.mjs'

/** @typedef {Record<string, { version?: string, optional?: boolean }>} Packages */

/**
 * @param {string} file
 * @returns {Packages}
 */
const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages

/**
 * Whether what npm says it installed is what the lockfile asks for. npm writes its own record last, so a broken
 * installation has none. Optional packages may be absent: most are for other platforms.
 *
 * @param {Packages} wanted
 * @param {Packages} installed
 */
export const matchesLock = (wanted, installed) =>
  Object.entries(wanted)
    .filter(([path]) => path.startsWith('node_modules/'))
    .every(([path, { version, optional }]) => {
      const found = installed[path]
      return found === undefined ? optional === true : found.version === version
    })

/** @param {string} folder */
const isComplete = (folder) => {
  const record = join(folder, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  if (!existsSync(join(folder, 'node_modules/@confluentinc/kafka-javascript/package.json'))) return false
  return matchesLock(packagesOf(join(folder, 'package-lock.json')), packagesOf(record))
}

/** `npm ci` when node_modules is missing or is not what the lockfile asks for. */
export const installNodeModules = async () => {
  if (isComplete(root)) return
  // Scripts stay off: the one package that needs its script (the Kafka client) is handled on its own.
  const command = ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund']
  await withLock(`clone-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`, async () => {
    if (isComplete(root)) return
    await step('installing npm packages', () =>
      runLogged('npm-ci', command, {
        cwd: root,
        fix: `see the log, then run ${command.join(' ')} in ${root}`,
      }),
    )
  })
}
