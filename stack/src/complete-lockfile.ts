interface LockedPackage {
  readonly version?: string
  readonly dev?: boolean
  readonly peer?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

interface PlatformPackage {
  readonly path: string
  readonly entry: Readonly<Record<string, unknown>>
}

const systems = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
  'wasm32',
]

const spellings: Readonly<Record<string, string>> = { windows: 'win32', aix: 'aix', macos: 'darwin' }

/** Platform packages say in their name what they are for: `cli-linux-arm64-musl`, `binding-win32-x64-msvc`. */
const platformOf = (name: string): Readonly<Record<string, readonly string[]>> => {
  const words = name
    .split(/[/-]/)
    .filter((word) => word !== '')
    .map((word) => spellings[word] ?? word)
  const os = words.filter((word) => systems.includes(word) || word === 'aix')
  const cpu = words.filter((word) => processors.includes(word))
  const libc = words.flatMap((word) => (/^musl/.test(word) ? ['musl'] : /^gnu/.test(word) ? ['glibc'] : []))
  return {
    ...(os.length > 0 ? { os } : {}),
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(libc.length > 0 ? { libc } : {}),
  }
}

const missingOf = (packages: Lockfile['packages'], parent: LockedPackage): readonly PlatformPackage[] =>
  Object.entries(parent.optionalDependencies ?? {})
    .filter(([name]) => packages[`node_modules/${name}`] === undefined)
    .map(([name, version]) => ({
      path: `node_modules/${name}`,
      entry: {
        version,
        ...platformOf(name),
        ...(parent.dev === true ? { dev: true } : {}),
        optional: true,
        ...(parent.peer === true ? { peer: true } : {}),
      },
    }))

/**
 * The packages of other platforms that npm left out of a lockfile. It does so when they could not be looked up while
 * the lockfile was written, and `npm ci` then refuses the lockfile, on every platform.
 */
export const missingPlatformPackages = (lockfile: Lockfile): readonly PlatformPackage[] =>
  Object.values(lockfile.packages).flatMap((parent) => missingOf(lockfile.packages, parent))

/** Adds them; npm keeps its entries sorted by path. */
export const completeLockfile = (lockfile: Lockfile): Lockfile => {
  const added = missingPlatformPackages(lockfile).map(({ path, entry }) => [path, entry] as const)
  const all: (readonly [string, LockedPackage])[] = [...Object.entries(lockfile.packages), ...added]
  const sorted = all.sort(([one], [other]) => one.localeCompare(other, 'en'))
  return { ...lockfile, packages: Object.fromEntries(sorted) }
}
