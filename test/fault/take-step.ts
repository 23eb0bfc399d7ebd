import type { Handled, Handling } from '../../src/consumer/handler.ts'
import { deadLetter, retry } from '../../src/consumer/outcome.ts'
import type { ConsumedEvent } from '../../src/message/consumed-event.ts'
import type { Database, Transaction } from '../../src/postgres/database.ts'
import { causesAnother, type StepData, StepSeen } from './steps.ts'

type Step = ConsumedEvent<string, StepData>

const createSql = `
  create table effects ("order" bigserial, event_id text not null, walk text not null, number int not null,
    instance text not null, handled_at timestamptz not null default clock_timestamp());
  create table mended (event_id text)`

const insertSql = 'insert into effects (event_id, walk, number, instance) values ($1, $2, $3, $4)'

const mendedSql = 'select exists (select from mended where event_id is null or event_id = $1) as mended'

/** Which consumer, and which process of it. */
const instance = `${process.env['CONSUMER']}/${process.pid}`

const raiseSql = `do $$ begin raise exception 'another one came first' using errcode = '40001'; end $$`

/** Nothing in these tables keeps an effect from being written twice. */
export const createSteps = async (database: Database): Promise<void> => {
  await database.query(createSql)
}

/** Fails for a reason that passes, in each of the ways there are. */
const failForNow = async (tx: Transaction, number: number): Promise<Handled> => {
  if (number % 4 === 0) throw Object.assign(new Error('the other side hung up'), { code: 'ECONNRESET' })
  if (number % 4 === 1) await tx.query(raiseSql)
  if (number % 4 === 2) throw new Error('nobody knows what this means')
  return retry('30ms')
}

/** Fails for good, in each of the ways there are. */
const failForGood = async (tx: Transaction, number: number): Promise<Handled> => {
  if (number % 3 === 0) throw Object.assign(new TypeError('it has no such member'), { code: '23503' })
  if (number % 3 === 1) await tx.query('select 1 / 0')
  return deadLetter('it cannot be')
}

const isMended = async (tx: Transaction, id: string): Promise<boolean> =>
  (await tx.query<{ mended: boolean }>(mendedSql, [id])).rows[0]?.mended === true

/** The handler under test: one row and, now and then, one event. It writes before it fails. */
export const takeStep = async ({ event, tx, attempt }: Handling<Step>): Promise<Handled> => {
  const { id, data } = event
  const { walk, number, failures, poisoned } = data
  await tx.query(insertSql, [id, walk, number, instance])
  if (attempt <= failures) return failForNow(tx, number)
  if (poisoned && !(await isMended(tx, id))) return failForGood(tx, number)
  return causesAnother(data) ? { events: [StepSeen({ walk, cause: id })] } : undefined
}
