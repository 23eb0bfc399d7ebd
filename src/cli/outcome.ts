/** What a command answers: once for machines, once for people. */
export interface Outcome {
  /** One document; a bigint in it is written as text. */
  readonly json: unknown
  readonly text: string
  /** False: the exit code is 3. Default true. */
  readonly healthy?: boolean
}

/** Documented in the help of every command. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, unhealthy: 3 } as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

const asText = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

export const toJson = (document: unknown): string => JSON.stringify(document, asText, 2)
