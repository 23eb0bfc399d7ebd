import { setTimeout as wait } from 'node:timers/promises'
import type { DeadLetter } from '../../src/dead-letter/dead-letter.ts'
import { redrive } from '../../src/dead-letter/decide.ts'
import { listDeadLetters } from '../../src/dead-letter/list.ts'
import type { Database } from '../../src/postgres/database.ts'
import { dice } from './seed.ts'

export interface OperatorOptions {
  readonly database: Database
  /** Whose dead letters. */
  readonly reader: string
  readonly seed: number
  /** Keys whose dead letters are left alone. */
  readonly kept: string
}

export interface Operator {
  /** Dead letters that were seen parked. */
  readonly parked: ReadonlySet<bigint>
  /** Released after they were mended, and released as they were. */
  readonly redriven: () => { readonly mended: number; readonly hopeless: number }
  stop(): Promise<void>
}

const mendSql = 'insert into mended (event_id) values ($1)'

const decision = { actor: 'operator of the test' }

/** A person who redrives what is parked, some of it in vain, and everything twice. */
export const startOperator = (options: OperatorOptions): Operator => {
  const { database, reader, seed, kept } = options
  const random = dice(seed)
  const parked = new Set<bigint>()
  let [stopped, mended, hopeless] = [false, 0, 0]
  const decide = async ({ number, eventId, key }: DeadLetter): Promise<void> => {
    parked.add(number)
    if (key === kept) return
    const isMended = random.chance(0.7)
    if (isMended) await database.query(mendSql, [eventId])
    await Promise.all([
      redrive(database, { reader, number }, decision),
      redrive(database, { reader, number }, decision),
    ])
    if (isMended) mended += 1
    else hopeless += 1
  }
  const work = async (): Promise<void> => {
    for (const letter of await listDeadLetters(database, { reader })) await decide(letter)
  }
  const run = async (): Promise<void> => {
    while (!stopped) {
      // The database may be away.
      await work().catch(() => undefined)
      await wait(random.between(200, 500))
    }
  }
  const running = run()
  return {
    parked,
    redriven: () => ({ mended, hopeless }),
    stop: async () => {
      stopped = true
      await running
    },
  }
}

/** Everything is mended from now on. */
export const mendAll = async (database: Database): Promise<void> => {
  await database.query('insert into mended (event_id) values (null)')
}

/** Releases what was parked for its poison. Whatever else is parked is left to the judge. */
export const redrivePoisoned = async (
  database: Database,
  reader: string,
  poisoned: ReadonlySet<string>,
): Promise<void> => {
  for (const { number, eventId } of await listDeadLetters(database, { reader })) {
    if (poisoned.has(eventId)) await redrive(database, { reader, number }, decision)
  }
}
