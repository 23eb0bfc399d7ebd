import { OnewriteError } from '../error/onewrite-error.ts'
import { insideTransaction, type QueryResult, type Transaction } from './database.ts'

export type Run = <Row>(text: string, values?: readonly unknown[]) => Promise<QueryResult<Row>>

/** A transaction and the means of its owner to end it. */
export interface TransactionHandle {
  readonly tx: Transaction
  /** How many statements it has been given. */
  statements(): number
  /** From here on every statement is refused: it would run outside the transaction. */
  end(): void
}

export const openHandle = (schema: string, run: Run): TransactionHandle => {
  let statements = 0
  let ended = false
  const query = async <Row>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>> => {
    if (ended) throw new OnewriteError('WRONG_HANDLE', { given: 'a transaction that has ended' })
    statements += 1
    return run<Row>(text, values)
  }
  return {
    tx: { [insideTransaction]: true, schema, query },
    statements: () => statements,
    end: () => {
      ended = true
    },
  }
}
