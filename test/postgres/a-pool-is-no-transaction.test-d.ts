import type pg from 'pg'
import { expectTypeOf, test } from 'vitest'
import type { Database, QueryResult, Transaction } from '../../src/postgres/database.ts'
import { pgTransaction } from '../../src/postgres/pg-transaction.ts'

declare const pool: pg.Pool
declare const client: pg.PoolClient
declare const database: Database

test('pgTransaction takes a client and no pool', () => {
  expectTypeOf(pgTransaction).toBeCallableWith(client)
  // @ts-expect-error a pool runs each query on any of its connections
  pgTransaction(pool)
})

test('a database, a client and a look-alike are no transaction', () => {
  expectTypeOf<Database>().not.toExtend<Transaction>()
  expectTypeOf<pg.PoolClient>().not.toExtend<Transaction>()
  expectTypeOf<{ schema: string; query: Transaction['query'] }>().not.toExtend<Transaction>()
})

test('a pipeline has the values of its promises, in their places', () => {
  const answers = database.pipeline((tx) => [tx.query<{ id: number }>('a'), Promise.resolve('b')])
  expectTypeOf(answers).resolves.toEqualTypeOf<[QueryResult<{ id: number }>, string]>()
})
