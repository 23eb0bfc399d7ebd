import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A build of our own code with one fault put in: what the checks must convict. */
export interface KnownBad {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Copies src with the fault; the folder stands in the repository so that packages are found. */
export const buildKnownBad = async (
  bad: KnownBad,
): Promise<{ readonly tree: string; remove(): Promise<void> }> => {
  const folder = await mkdtemp(join(root, '.data-known-bad-'))
  const tree = join(folder, 'src')
  await cp(join(root, 'src'), tree, { recursive: true })
  await cp(join(root, 'sql'), join(folder, 'sql'), { recursive: true })
  const file = join(tree, bad.file)
  const text = await readFile(file, 'utf8')
  if (text.split(bad.find).length !== 2)
    throw new Error(`${bad.name}: the line to change is not there exactly once`)
  await writeFile(file, text.replace(bad.find, bad.replace))
  return { tree, remove: () => rm(folder, { recursive: true, force: true }) }
}
