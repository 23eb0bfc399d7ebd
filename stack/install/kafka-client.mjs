import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildOfThisMachine, cacheKey, dropClient, restoreClient, storeClient } from './client-cache.mjs'
import { runLogged } from './command.mjs'
import { installPackages, isDebian } from './debian.mjs'
import { InstallFailure } from './failure.mjs'
import { withLock } from './lock.mjs'
import { root } from './program.mjs'
import { say, step } from './progress.mjs'

const name = '@confluentinc/kafka-javascript'
const home = join(root, 'node_modules', name)
const build = join(home, 'build')

const prebuiltTimeout = 20_000
const compileTimeout = 900_000

/** Programs and libraries that compiling needs, by their Debian names. */
const compilerPackages = ['g++', 'make', 'python3']
const libraryPackages = ['libssl-dev', 'zlib1g-dev', 'libcurl4-openssl-dev', 'libzstd-dev']

const otherSystems =
  'install a C++ compiler, make, python3 and the development files of OpenSSL, zlib, libcurl and zstd, then run npm run kafka:install'

/** In a process of its own: a native module that does not fit can end the process instead of throwing. */
const loadFault = () => {
  const { status, stderr } = spawnSync(process.execPath, ['-e', `require('${name}')`], {
    cwd: root,
    encoding: 'utf8',
  })
  return status === 0 ? undefined : (/^\w*Error: .*$/m.exec(stderr)?.[0] ?? stderr.trim())
}

/** @param {string} key */
const restore = async (key) => {
  if (!(await restoreClient(key, build))) return false
  if (loadFault() === undefined) return true
  await dropClient(key)
  return false
}

/** Fetched from outside the npm registry, which many networks do not allow; then it is compiled. */
const fetchPrebuilt = () =>
  step('looking for a prebuilt Kafka client', async () => {
    const program = join(root, 'node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp')
    const options = { cwd: home, timeout: prebuiltTimeout, fix: otherSystems }
    try {
      await runLogged('kafka-client-prebuilt', [process.execPath, program, 'install'], options)
      return loadFault() === undefined
    } catch (error) {
      if (error instanceof InstallFailure) return false
      throw error
    }
  })

const compile = async () => {
  if (isDebian())
    await installPackages([...compilerPackages, ...libraryPackages], 'compiling the Kafka client')
  await step('compiling the Kafka client (about 90 s; once per machine and Node version)', () =>
    runLogged(
      'kafka-client-compile',
      ['npm', 'rebuild', name, '--foreground-scripts', '--ignore-scripts=false'],
      {
        cwd: root,
        // JOBS would make the build parallel, which it does not survive.
        env: { CKJS_LINKING: 'dynamic', JOBS: undefined },
        timeout: compileTimeout,
        fix: `see the log, then run CKJS_LINKING=dynamic npm rebuild ${name}; where it lacks something, ${otherSystems}`,
      },
    ),
  )
  const fault = loadFault()
  if (fault === undefined) return
  throw new InstallFailure(`the Kafka client was compiled but does not load: ${fault}`, { fix: otherSystems })
}

/** @param {string} key */
const obtain = async (key) => {
  if (loadFault() === undefined || (await restore(key))) return
  if (!(await fetchPrebuilt())) {
    say('there is none for this machine, or it cannot be reached')
    await compile()
  }
  await storeClient(key, build)
  // What the build leaves behind is 270 MB that nobody reads.
  await restoreClient(key, build)
}

/** Makes the Kafka client loadable: as it is, else from the cache, else prebuilt, else compiled. */
export const installKafkaClient = async () => {
  const manifest = join(home, 'package.json')
  if (!existsSync(manifest)) {
    throw new InstallFailure(`${name} is not in node_modules`, { fix: 'npm ci --ignore-scripts' })
  }
  const key = cacheKey(buildOfThisMachine(JSON.parse(readFileSync(manifest, 'utf8')).version))
  if (loadFault() !== undefined) await withLock(`kafka-client-${key}`, () => obtain(key))
  else await storeClient(key, build)
}
