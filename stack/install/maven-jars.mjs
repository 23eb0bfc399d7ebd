import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, fillFolder } from './cache.mjs'
import { isInstalled, runLogged } from './command.mjs'
import { InstallFailure } from './failure.mjs'
import { step } from './progress.mjs'

/**
 * @typedef {object} MavenJars
 * @property {string} pom the file that names the jars
 * @property {string} name of the folder in the cache
 * @property {string} what is downloaded, for people
 * @property {string} alternatives to a download, as the end of a sentence
 */

/**
 * The folder of the jars of a pom, present or not: another pom, another folder.
 *
 * @param {Pick<MavenJars, 'pom' | 'name'>} jars
 */
export const jarsFolder = ({ pom, name }) => {
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16)
  return join(cacheFolder(), name, hash)
}

const debianPackages = new Map([
  ['mvn', 'maven'],
  ['java', 'openjdk-17-jre-headless'],
  ['javac', 'openjdk-17-jdk-headless'],
])

/**
 * @param {string} program
 * @param {Pick<MavenJars, 'what' | 'alternatives'>} jars
 */
export const requireProgram = (program, { what, alternatives }) => {
  if (isInstalled(program)) return
  throw new InstallFailure(`${what} needs ${program}, which is not installed`, {
    fix: `apt-get install ${debianPackages.get(program)}${alternatives}`,
  })
}

/**
 * A class path of all jars of the pom; downloads them from Maven Central when they are not in the cache.
 *
 * @param {MavenJars} jars
 * @returns {Promise<string>}
 */
export const classPathOf = async (jars) => {
  const folder = jarsFolder(jars)
  requireProgram('java', jars)
  if (!existsSync(join(folder, 'lib'))) {
    requireProgram('mvn', jars)
    await step(`downloading ${jars.what}`, () =>
      fillFolder(folder, (draft) =>
        runLogged(
          'maven',
          [
            ...['mvn', '-q', '-B', '-f', jars.pom, 'dependency:copy-dependencies'],
            ...['-DincludeScope=runtime', `-DoutputDirectory=${join(draft, 'lib')}`],
          ],
          { fix: `allow access to Maven Central${jars.alternatives}` },
        ),
      ),
    )
  }
  return join(folder, 'lib', '*')
}
