import { existsSync } from 'node:fs'
import { runLogged, succeeds } from './command.mjs'
import { InstallFailure } from './failure.mjs'
import { step } from './progress.mjs'

export const isDebian = () => existsSync('/etc/debian_version')
export const isRoot = () => process.getuid?.() === 0

/** @param {readonly string[]} packages */
export const missingPackages = (packages) => packages.filter((name) => !succeeds(['dpkg', '-s', name]))

/**
 * Installs Debian packages, saying so; only as root, others are told what to run.
 *
 * @param {readonly string[]} packages
 * @param {string} purpose
 */
export const installPackages = async (packages, purpose) => {
  const missing = missingPackages(packages)
  if (missing.length === 0) return
  const fix = `apt-get update && apt-get install ${missing.join(' ')}`
  if (!isRoot()) {
    throw new InstallFailure(`${purpose} needs the Debian packages ${missing.join(' ')}`, {
      fix: `sudo sh -c '${fix}'`,
    })
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await step(`installing the Debian packages ${missing.join(' ')} (${purpose})`, async () => {
    await runLogged('apt', ['apt-get', 'update'], { env, fix })
    await runLogged('apt', ['apt-get', 'install', '-y', '--no-install-recommends', ...missing], { env, fix })
  })
}
