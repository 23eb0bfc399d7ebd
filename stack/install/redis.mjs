import { isInstalled } from './command.mjs'
import { installPackages, isDebian, isRoot } from './debian.mjs'
import { describeFailure, InstallFailure } from './failure.mjs'
import { say } from './progress.mjs'

export const hasRedis = () => isInstalled('redis-server')

/** For the tests of the first filter, which are left out where it is absent and cannot be installed. */
export const installRedis = async () => {
  if (hasRedis() || !isDebian() || !isRoot()) return
  try {
    await installPackages(['redis-server'], 'tests of the first filter')
  } catch (error) {
    if (!(error instanceof InstallFailure)) throw error
    say(describeFailure(error))
  }
}
