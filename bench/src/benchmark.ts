import type { ServerNeeds, Servers } from './servers.ts'

export interface BenchOptions {
  readonly quick: boolean
  readonly json: boolean
  readonly tsx: boolean
  readonly profile: boolean
  readonly backlog: boolean
  readonly only: string
  readonly events: number | undefined
  readonly rounds: number | undefined
}

/** What a benchmark is given: running servers, what was asked for, and somewhere to tell how far it is. */
export interface Bench extends BenchOptions {
  readonly servers: Servers
  say(text: string): void
}

export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

export interface Result {
  /** Sizes and settings of this run, beside those of machine and servers. */
  readonly conditions: Readonly<Record<string, string | number>>
  readonly tables: readonly Table[]
  /** What the last line tells, in this order. */
  readonly metrics: Readonly<Record<string, number>>
  /** Everything measured, round by round. */
  readonly rounds: unknown
}

export interface Benchmark extends ServerNeeds {
  readonly name: string
  readonly about: string
  measure(bench: Bench): Promise<Result>
}
