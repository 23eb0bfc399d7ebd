/** What the commands see of the world; the tests bring their own. */
export interface Terminal {
  /** Standard output: the answer, and nothing else. */
  out(text: string): void
  /** Standard error: faults and progress. */
  err(text: string): void
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether a person watches standard error: progress is shown to nobody else. */
  readonly interactive: boolean
  /** Aborted on the first Ctrl-C: a command finishes the step it is in. */
  readonly signal: AbortSignal
}
