import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder, dropFolder, fillFolder } from './cache.mjs'

/** @typedef {{ version: string, platform: string, arch: string, libc: string, abi: string }} ClientBuild */

/** @returns {'glibc' | 'musl' | 'none'} */
const libcOfThisMachine = () => {
  if (process.platform !== 'linux') return 'none'
  /** @type {unknown} */
  const report = process.report.getReport()
  return JSON.stringify(report).includes('"glibcVersionRuntime"') ? 'glibc' : 'musl'
}

/**
 * @param {string} version of the client
 * @returns {ClientBuild}
 */
export const buildOfThisMachine = (version) => ({
  version,
  platform: process.platform,
  arch: process.arch,
  libc: libcOfThisMachine(),
  abi: process.versions.modules,
})

/**
 * Everything a compiled client depends on, so that another Node or machine never gets the wrong one.
 *
 * @param {ClientBuild} build
 */
export const cacheKey = ({ version, platform, arch, libc, abi }) =>
  `${version}-${platform}-${arch}-${libc}-abi${abi}`

/** @param {string} key */
export const clientFolder = (key) => join(cacheFolder(), 'kafka-client', key)

/** The two folders of a build that are needed to run; the rest of its 290 MB is not. */
const artefacts = [
  { folder: 'Release', needed: (/** @type {string} */ file) => /\.(node|dll)$|\.so|\.dylib/.test(file) },
  { folder: 'deps', needed: (/** @type {string} */ file) => /\.so|\.dylib/.test(file) },
]

/**
 * Copies the artefacts of a build. Symbolic links stay links: the client finds its library through them.
 *
 * @param {string} from
 * @param {string} to
 */
const copyArtefacts = async (from, to) => {
  for (const { folder, needed } of artefacts) {
    if (!existsSync(join(from, folder))) continue
    const files = (await readdir(join(from, folder))).filter(needed)
    await mkdir(join(to, folder), { recursive: true })
    for (const file of files) {
      await cp(join(from, folder, file), join(to, folder, file), { recursive: true, verbatimSymlinks: true })
    }
  }
}

/**
 * @param {string} key
 * @param {string} build the `build` folder of the installed client
 */
export const storeClient = (key, build) =>
  existsSync(clientFolder(key))
    ? Promise.resolve()
    : fillFolder(clientFolder(key), (draft) => copyArtefacts(build, draft))

/**
 * @param {string} key
 * @param {string} build
 * @returns {Promise<boolean>} whether there was anything to restore
 */
export const restoreClient = async (key, build) => {
  if (!existsSync(clientFolder(key))) return false
  await rm(build, { recursive: true, force: true })
  await copyArtefacts(clientFolder(key), build)
  return true
}

/** @param {string} key */
export const dropClient = (key) => dropFolder(clientFolder(key))
