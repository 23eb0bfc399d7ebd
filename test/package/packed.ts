import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Manifest {
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

export const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Runs a program of node_modules; what it printed is part of the error. */
export const runTool = (program: string, parameters: readonly string[], cwd: string): string =>
  execFileSync(process.execPath, [join(root, 'node_modules', program), ...parameters], {
    cwd,
    encoding: 'utf8',
  })

const npm = (parameters: readonly string[], cwd: string): string =>
  execFileSync('npm', parameters, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

export interface Packed {
  readonly folder: string
  readonly tarball: string
  readonly bytes: number
  /** Paths in the package. */
  readonly files: readonly string[]
}

/** Builds and packs into a folder of its own: what an earlier build left in `dist` is not in it. */
export const pack = (): Packed => {
  const folder = mkdtempSync(join(tmpdir(), 'onewrite-package-'))
  const staged = join(folder, 'staged')
  mkdirSync(staged)
  for (const name of ['package.json', 'README.md', 'LICENSE', 'sql']) {
    cpSync(join(root, name), join(staged, name), { recursive: true })
  }
  runTool('typescript/bin/tsc', ['-p', 'tsconfig.build.json', '--outDir', join(staged, 'dist')], root)
  const [result] = JSON.parse(
    npm(['pack', '--ignore-scripts', '--json', '--pack-destination', folder], staged),
  )
  const paths: readonly { readonly path: string }[] = result.files
  return {
    folder,
    tarball: join(folder, result.filename),
    bytes: result.size,
    files: paths.map(({ path }) => path),
  }
}

/**
 * A project that has the tarball installed, and of other packages only those named: an import that the manifest does
 * not declare fails here.
 */
export const install = ({ folder, tarball }: Packed, name: string, packages: readonly string[]): string => {
  const project = join(folder, name)
  const modules = join(project, 'node_modules')
  mkdirSync(join(modules, 'onewrite'), { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'onewrite')])
  for (const wanted of packages) {
    mkdirSync(dirname(join(modules, wanted)), { recursive: true })
    symlinkSync(join(root, 'node_modules', wanted), join(modules, wanted))
  }
  cpSync(join(import.meta.dirname, 'consumer'), project, { recursive: true })
  return project
}

export const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
