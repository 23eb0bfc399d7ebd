import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir, tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'

/**
 * Where compiled and downloaded parts live, outside every clone, so that the second clone does not wait.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export const cacheFolder = (env = process.env) => {
  if (env['ONEWRITE_CACHE']) return env['ONEWRITE_CACHE']
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'onewrite')
  const home = homedir()
  // A user without a home (a container with an arbitrary uid) still gets a cache of its own.
  return home && home !== '/'
    ? join(home, '.cache', 'onewrite')
    : join(tmpdir(), `onewrite-${userInfo().uid}`)
}

/** @param {unknown} error */
const isTaken = (error) =>
  error instanceof Error && 'code' in error && ['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(String(error.code))

/**
 * Fills a folder of the cache as a whole or not at all: `fill` writes into a folder of its own, which is then
 * renamed. Two clones may do this at once; the first one wins and both have the same content.
 *
 * @param {string} target
 * @param {(folder: string) => Promise<void>} fill
 */
export const fillFolder = async (target, fill) => {
  const draft = `${target}.${randomUUID()}`
  await mkdir(draft, { recursive: true })
  try {
    await fill(draft)
    await rename(draft, target)
  } catch (error) {
    if (!isTaken(error)) throw error
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/**
 * Takes a damaged folder out of the cache. Renamed first, so that nobody sees half of it.
 *
 * @param {string} target
 */
export const dropFolder = async (target) => {
  const grave = join(dirname(target), `.dropped-${randomUUID()}`)
  const gone = await rename(target, grave).then(
    () => grave,
    () => undefined,
  )
  if (gone) await rm(gone, { recursive: true, force: true })
}
