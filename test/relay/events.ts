import { append } from '../../src/log/append.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import { newId } from '../../src/message/new-id.ts'
import type { Database } from '../../src/postgres/database.ts'

/** An event of an account, as a definition would make it. */
export const deposited = (account: string, data: object = { amount: '1.00' }): NewEvent => ({
  id: newId(),
  type: 'money.deposited',
  version: 1,
  aggregate: 'account',
  aggregateId: account,
  data,
  occurredAt: new Date(),
  metadata: {},
})

/** Appends events in one transaction and returns their ids. */
export const appendAll = async (database: Database, events: readonly NewEvent[]): Promise<string[]> => {
  await database.transaction((tx) => append(tx, events))
  return events.map(({ id }) => id)
}
