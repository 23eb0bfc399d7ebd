import type { ClientBase } from 'pg'
import { type ErrorPlace, explainError } from './connection-error.ts'
import type { QueryResult } from './database.ts'

/** Runs one statement (or, without values, a script: the last statement's result) and explains its errors. */
export const runQuery = async <Row>(
  client: ClientBase,
  place: ErrorPlace,
  text: string,
  values?: readonly unknown[],
): Promise<QueryResult<Row>> => {
  try {
    const answer = await client.query(text, values === undefined ? undefined : [...values])
    const last = Array.isArray(answer) ? answer.at(-1) : answer
    return { rows: last.rows, rowCount: last.rowCount ?? 0 }
  } catch (error) {
    throw explainError(error, place, text)
  }
}
