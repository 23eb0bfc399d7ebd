import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { cacheFolder } from './cache.mjs'
import { say } from './progress.mjs'

const interval = 200

/** @param {string} file */
const ownerOf = async (file) => Number(await readFile(file, 'utf8').catch(() => ''))

/** @param {number} pid */
const isAlive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Takes the lock, or says whose it is. A lock whose owner is gone is removed; the next attempt takes it.
 *
 * @param {string} file
 * @returns {Promise<number | undefined>} the pid of the owner, undefined when it is ours
 */
const tryLock = async (file) => {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' })
    return undefined
  } catch {
    const owner = await ownerOf(file)
    // An empty file was created a moment ago and its pid is still to be written.
    if (owner > 0 && !isAlive(owner)) await rm(file, { force: true })
    return owner
  }
}

/**
 * One at a time on this machine, for every process that uses the same cache.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export const withLock = async (name, work) => {
  const folder = join(cacheFolder(), 'lock')
  await mkdir(folder, { recursive: true })
  const file = join(folder, name)
  let told = false
  for (;;) {
    const owner = await tryLock(file)
    if (owner === undefined) break
    if (!told && owner > 0) say(`waiting for process ${owner}, which is installing the same`)
    told ||= owner > 0
    await pause(interval)
  }
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}
