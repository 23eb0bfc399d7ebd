import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { fillFolder } from '../../stack/install/cache.mjs'
import { cacheKey } from '../../stack/install/client-cache.mjs'
import { matchesLock } from '../../stack/install/node-modules.mjs'
import { completeLockfile, missingPlatformPackages } from '../../stack/src/complete-lockfile.ts'
import { spareClone } from './spare-clone.ts'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const bareClone = () => {
  const clone = spareClone({ installed: false })
  folders.push(clone.folder)
  return clone
}

test('a Node that is too old is told so before anything else', () => {
  const old = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'18.20.4'})"
  const { code, output } = bareClone().run('--import', old, 'stack/run.mjs', 'start')
  expect(code).toBe(1)
  expect(output).toContain('Node 20.19 or later is needed')
})

test('npm packages that cannot be installed: the reason of npm is shown, and what to run', () => {
  const clone = bareClone()
  clone.replaceProgram('npm', 1, 'npm error code E404')
  const { code, output } = clone.run('stack/run.mjs', 'start')
  expect(code).toBe(1)
  expect(output).toContain('npm error code E404')
  expect(output).toMatch(/to fix: .*npm ci --ignore-scripts/)
})

test('an unknown command names the known ones', () => {
  const { code, output } = bareClone().run('stack/run.mjs', 'strat')
  expect(code).toBe(1)
  expect(output).toMatch(/one of: start, test, verify/)
})

test('packages are installed again when the lockfile asks for other versions, not for other platforms', () => {
  const installed = { 'node_modules/pg': { version: '8.23.1' } }
  const windows = { 'node_modules/win32': { version: '1.0.0', optional: true } }
  expect(matchesLock({ ...installed, ...windows }, installed)).toBe(true)
  expect(matchesLock({ 'node_modules/pg': { version: '8.24.0' } }, installed)).toBe(false)
  expect(matchesLock({ ...installed, 'node_modules/zod': { version: '4.6.7' } }, installed)).toBe(false)
})

test('a compiled client is kept apart by everything it depends on', () => {
  const build = { version: '1.10.1', platform: 'linux', arch: 'x64', libc: 'glibc', abi: '115' }
  const others = [
    { version: '1.10.2' },
    { platform: 'darwin' },
    { arch: 'arm64' },
    { libc: 'musl' },
    { abi: '127' },
  ]
  const keys = [build, ...others.map((other) => ({ ...build, ...other }))].map(cacheKey)
  expect(new Set(keys).size).toBe(keys.length)
})

test('two clones that fill the cache at once leave one whole copy', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'onewrite-cache-'))
  folders.push(cache)
  const target = join(cache, 'client')
  const fill = (text: string) => async (draft: string) => {
    writeFileSync(join(draft, 'one'), text)
    await new Promise((next) => setImmediate(next))
    writeFileSync(join(draft, 'two'), text)
  }
  await Promise.all(['a', 'b', 'c'].map((text) => fillFolder(target, fill(text))))
  expect(readdirSync(cache)).toEqual(['client'])
  expect(readFileSync(join(target, 'one'), 'utf8')).toBe(readFileSync(join(target, 'two'), 'utf8'))
})

test('a copy that fails half way leaves nothing in the cache', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'onewrite-cache-'))
  folders.push(cache)
  const broken = fillFolder(join(cache, 'client'), async (draft) => {
    writeFileSync(join(draft, 'one'), '')
    throw new Error('no space left')
  })
  await expect(broken).rejects.toThrow('no space left')
  expect(readdirSync(cache)).toEqual([])
})

test('the lockfile holds the packages of every platform', () => {
  const lockfile = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'))
  // To repair it: npm run lockfile
  expect(missingPlatformPackages(lockfile).map(({ path }) => path)).toEqual([])
})

test('a lockfile without the packages of other platforms is completed', () => {
  const tool = {
    version: '1.0.0',
    dev: true,
    optionalDependencies: { '@tool/cli-linux-arm64-musl': '1.0.0' },
  }
  const completed = completeLockfile({ packages: { 'node_modules/tool': tool } })
  expect(completed.packages['node_modules/@tool/cli-linux-arm64-musl']).toEqual({
    version: '1.0.0',
    os: ['linux'],
    cpu: ['arm64'],
    libc: ['musl'],
    dev: true,
    optional: true,
  })
})
