import { type Build, buildRelay } from './build.ts'

/** One place in src, changed. */
export interface Change {
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** A build of our own code with a fault put in: what the checks must convict. */
export interface KnownBad {
  readonly name: string
  readonly changes: readonly Change[]
}

const apply = (name: string, text: string, { find, replace }: Change): string => {
  if (text.split(find).length !== 2) throw new Error(`${name}: ${find} is not there exactly once`)
  return text.replace(find, () => replace)
}

export const buildKnownBad = ({ name, changes }: KnownBad): Build =>
  buildRelay((file, text) =>
    changes.filter((one) => one.file === file).reduce((changed, one) => apply(name, changed, one), text),
  )
