import { existsSync } from 'node:fs'
import { isInstalled } from './command.mjs'
import { installPackages, isDebian, isRoot } from './debian.mjs'
import { describeFailure, InstallFailure } from './failure.mjs'
import { say } from './progress.mjs'

/** Debian keeps it where only root looks for programs. */
export const hasPgbouncer = () => isInstalled('pgbouncer') || existsSync('/usr/sbin/pgbouncer')

/** For the tests through PgBouncer, which are left out where it is absent and cannot be installed. */
export const installPgbouncer = async () => {
  if (hasPgbouncer() || !isDebian() || !isRoot()) return
  try {
    await installPackages(['pgbouncer'], 'tests through PgBouncer')
  } catch (error) {
    if (!(error instanceof InstallFailure)) throw error
    say(describeFailure(error))
  }
}
