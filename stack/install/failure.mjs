/** A step that did not succeed: what failed, what a person can run, and where the noise went. */
export class InstallFailure extends Error {
  /**
   * @param {string} what
   * @param {{ fix: string, log?: string, tail?: string }} advice
   */
  constructor(what, { fix, log, tail }) {
    super(what)
    this.name = 'InstallFailure'
    this.fix = fix
    this.log = log
    this.tail = tail
  }
}

/** @param {InstallFailure} failure */
export const describeFailure = (failure) =>
  [
    `onewrite: ${failure.message}`,
    ...(failure.tail ? [failure.tail.trimEnd().replace(/^/gm, '  | ')] : []),
    ...(failure.log ? [`  log: ${failure.log}`] : []),
    `  to fix: ${failure.fix}`,
  ].join('\n')
