import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { install, manifest, type Packed, pack, root, runTool } from './packed.ts'

/** Packed it is about 490 kB since consumers are part of it; a jump is a file that should not be in it. */
const sizeLimit = 550_000

const subpaths = Object.keys(manifest.exports).filter((path) => path !== './package.json')
const specifiers = subpaths.map((path) => path.replace('.', 'onewrite'))
const dependencies = Object.keys(manifest.dependencies)

let packed: Packed

beforeAll(() => {
  packed = pack()
}, 120_000)

afterAll(() => rmSync(packed.folder, { recursive: true, force: true }))

test('holds the entry points, the migrations and the licence', () => {
  const entries = subpaths.map((path) => join('dist', path, 'index.js'))
  expect(packed.files).toEqual(expect.arrayContaining([...entries, 'LICENSE', 'README.md', 'package.json']))
  expect(packed.files.filter((file) => /^sql\/\d{4}_\w+\.sql$/.test(file)).length).toBeGreaterThan(0)
})

test('holds nothing else, and no code of tests', () => {
  expect(
    packed.files.filter((file) => !/^(dist\/.+\.(js|d\.ts)|sql\/\w+\.sql|[A-Za-z.]+)$/.test(file)),
  ).toEqual([])
  expect(packed.files.filter((file) => /\.test|fixture\//.test(file))).toEqual([])
})

test(`is smaller than ${sizeLimit / 1000} kB`, ({ annotate }) => {
  expect(packed.bytes).toBeLessThan(sizeLimit)
  return annotate(`packed: ${(packed.bytes / 1000).toFixed(1)} kB, ${packed.files.length} files`)
})

test('publint finds no fault', () => {
  expect(runTool('publint/src/cli.js', ['run', packed.tarball, '--strict'], root)).toContain('All good')
})

test('its types resolve for every way of importing ESM', () => {
  const flags = ['--profile', 'esm-only', '--format', 'ascii', '--no-color', '--no-emoji']
  const report = runTool('@arethetypeswrong/cli/dist/index.js', [packed.tarball, ...flags], root)
  const judged = report.split('\n').filter((line) => /^(node16 \(from ESM\)|bundler):/.test(line))
  expect(judged.length).toBe(2 * Object.keys(manifest.exports).length)
  expect(judged.filter((line) => !line.includes(': OK'))).toEqual([])
})

test('plain Node imports every subpath without the optional packages', () => {
  const project = install(packed, 'plain', dependencies)
  const script = `for (const name of ${JSON.stringify(specifiers)}) {
    const names = Object.keys(await import(name))
    console.log(name, names.length > 0)
  }`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: project,
    encoding: 'utf8',
  })
  expect(printed.trim().split('\n')).toEqual(specifiers.map((name) => `${name} true`))
})

test('the migrations are found from the installed package', () => {
  const project = install(packed, 'migrations', dependencies)
  const file = join(project, 'node_modules/onewrite/dist/postgres/migration-files.js')
  const script = `const { readMigrations } = await import(${JSON.stringify(file)})
    console.log((await readMigrations()).map(({ name }) => name).join())`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(printed.trim()).not.toBe('')
})

test('the program runs from the installed package, without the optional packages', () => {
  const project = install(packed, 'program', dependencies)
  const program = join(project, 'node_modules/onewrite', manifest.bin['onewrite'] ?? '')
  expect(readFileSync(program, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  const run = (...parameters: readonly string[]) =>
    spawnSync(process.execPath, [program, ...parameters], { cwd: project, encoding: 'utf8' })
  expect(run('--version').stdout.trim()).toBe(manifest.version)
  const unreachable = run('status', '--json', '--database-url', 'postgres://127.0.0.1:1/none')
  expect(JSON.parse(unreachable.stdout)).toMatchObject({ error: { code: 'DATABASE_UNREACHABLE' } })
  expect(unreachable.status).toBe(1)
})

test('a strict consumer type-checks against its declarations', () => {
  const project = install(packed, 'strict', [...dependencies, 'zod', '@types/node', '@types/pg'])
  expect(readFileSync(join(project, 'tsconfig.json'), 'utf8')).toContain('"skipLibCheck": false')
  expect(runTool('typescript/bin/tsc', ['-p', 'tsconfig.json'], project)).toBe('')
})
