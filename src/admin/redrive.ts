import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { type Decision, redrive } from '../dead-letter/decide.ts'
import { table } from '../dead-letter/fence.ts'
import { filterSql, filterValues, listDeadLetters } from '../dead-letter/list.ts'
import { pause } from '../lifecycle/pause.ts'
import type { Database } from '../postgres/database.ts'
import { type DeadLetterNames, filterOf } from './dead-letters.ts'

/** What a redrive would release. */
export interface RedrivePlan {
  /** Of what is parked, in the order in which it will be released. */
  readonly numbers: readonly bigint[]
  /** The first 100 of them. */
  readonly deadLetters: readonly DeadLetter[]
  readonly quarantines: number
  /** Waiting behind them: they follow. */
  readonly following: number
  /** Those that stay where they are until something parked before them, which is not meant, is dealt with. */
  readonly behindOthers: number
}

interface PlanRow {
  readonly numbers: readonly string[] | null
  readonly quarantines: number
  readonly following: number
  readonly behind_others: number
}

const planSql = (schema: string): string => `
  with meant as (
    select number, quarantine from ${table(schema, 'dead_letters')} where state = 'parked' and ${filterSql}
  ), heads as (
    select quarantine, min(number) as number from ${table(schema, 'dead_letters')} d
    where state = 'parked' and quarantine in (select quarantine from meant)
      and not exists (select from meant m where m.number = d.number)
    group by quarantine
  )
  select array_agg(number::text order by number) as numbers, count(distinct quarantine)::int as quarantines,
    (select count(*)::int from ${table(schema, 'dead_letters')}
      where state in ('held', 'released') and quarantine in (select quarantine from meant)) as following,
    (select count(*)::int from meant m join heads h using (quarantine) where h.number < m.number) as behind_others
  from meant`

/** Says what a redrive would release; changes nothing. */
export const planRedrive = async (database: Database, names: DeadLetterNames): Promise<RedrivePlan> => {
  const filter = await filterOf(database, names)
  const { rows } = await database.query<PlanRow>(planSql(database.schema), filterValues(filter))
  const { numbers, quarantines = 0, following = 0, behind_others: behindOthers = 0 } = rows[0] ?? {}
  return {
    numbers: (numbers ?? []).map(BigInt),
    deadLetters: await listDeadLetters(database, filter),
    ...{ quarantines, following, behindOthers },
  }
}

/** Small enough that the readers hardly wait for its locks. */
const portion = 500

export interface RedriveOptions extends Decision {
  /** Told how many of how many are released. */
  readonly progress?: (released: number, of: number) => void
  /** Aborted: no further portion is begun. */
  readonly signal?: AbortSignal
}

/**
 * Releases what a plan names, in portions, each with its entry in the audit. Whoever could not deliver them tries again
 * within a second, with what waits behind them, in order; where nobody runs, the next instance does. Doing it twice has
 * the effect of once. What was decided otherwise meanwhile stays.
 *
 * @returns the numbers that were released
 */
export const carryOutRedrive = async (
  database: Database,
  { numbers }: Pick<RedrivePlan, 'numbers'>,
  { progress = () => undefined, signal, ...decision }: RedriveOptions,
): Promise<readonly bigint[]> => {
  const done: bigint[] = []
  for (let from = 0; from < numbers.length && signal?.aborted !== true; from += portion) {
    const { released } = await redrive(database, { number: numbers.slice(from, from + portion) }, decision)
    done.push(...released.map(({ number }) => number))
    progress(done.length, numbers.length)
  }
  return done
}

/** What became of redriven records. */
export interface RedriveResult {
  readonly delivered: number
  /** Failed again, and parked again. */
  readonly parked: number
  /** Not delivered yet. */
  readonly waiting: number
}

const resultSql = (schema: string): string => `
  select count(*) filter (where state = 'sent')::int as delivered,
    count(*) filter (where state = 'parked')::int as parked,
    count(*) filter (where state in ('released', 'held'))::int as waiting
  from ${table(schema, 'dead_letters')} where number = any($1::bigint[])`

const lookEvery = 200

/** Waits until all of them were delivered or parked again, or the signal is aborted. */
export const awaitRedrive = async (
  database: Database,
  numbers: readonly bigint[],
  signal: AbortSignal,
  progress: (result: RedriveResult) => void = () => undefined,
): Promise<RedriveResult> => {
  for (;;) {
    const { rows } = await database.query<RedriveResult>(resultSql(database.schema), [numbers.map(String)])
    const result = rows[0] ?? { delivered: 0, parked: 0, waiting: 0 }
    progress(result)
    if (result.waiting === 0 || signal.aborted) return result
    await pause(lookEvery, signal)
  }
}
