import { type Build, buildConsumer, buildRelay, type Edit } from './build.ts'

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

const edited =
  ({ name, changes }: KnownBad): Edit =>
  (file, text) =>
    changes.filter((one) => one.file === file).reduce((changed, one) => apply(name, changed, one), text)

export const buildKnownBad = (accused: KnownBad): Build => buildRelay(edited(accused))

export const buildKnownBadConsumer = (accused: KnownBad): Build => buildConsumer(edited(accused))
