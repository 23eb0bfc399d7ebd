import { expect, it } from 'vitest'
import { lastHeader } from '../../src/message/header-list.ts'
import type { RawEvent } from '../../src/message/raw-event.ts'
import { toRecord } from '../../src/message/to-record.ts'
import { relay } from '../../src/relay/relay.ts'
import { tableSource } from '../../src/relay/table-source.ts'
import { memory } from '../../src/transport/memory.ts'
import type { Publishing } from '../../src/transport/publisher.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'

const encode = (event: RawEvent) => toRecord(event, { source: '/test', topicOf: () => 'accounts' })

/** Notes which ids each transaction of the transport carried. */
const noting = (publishing: Publishing, transactions: string[][]): Publishing => ({
  ...publishing,
  transactionalPublisher: async (options) => {
    const publisher = await publishing.transactionalPublisher(options)
    let open: string[] = []
    return {
      checkpoint: publisher.checkpoint,
      publish: async (records) => {
        open.push(...records.map(({ headers }) => String(lastHeader(headers, 'id'))))
        await publisher.publish(records)
      },
      commit: async (checkpoint) => {
        await publisher.commit(checkpoint)
        transactions.push(open)
        open = []
      },
      close: () => publisher.close(),
    }
  },
})

it('carries all events of an append in one transaction, whatever the size of pages and transactions', async () => {
  const { database } = await freshDatabase()
  const transport = memory()
  const transactions: string[][] = []
  const actions: string[][] = []
  const write = async (writer: number): Promise<void> => {
    for (let round = 0; round < 12; round += 1) {
      const size = 1 + ((writer * 7 + round * 5) % 23)
      actions.push(
        await appendAll(
          database,
          Array.from({ length: size }, () => deposited(`account-${writer}`)),
        ),
      )
    }
  }
  const moving = relay({
    name: 'accounts',
    database,
    publishing: noting(transport.publishing, transactions),
    // Pages smaller than most actions: each one crosses pages and would be cut by either limit.
    source: tableSource({ database, encode, page: { events: 7, bytes: 1500 } }),
    settleAfter: 5,
  })
  moving.start()
  await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)))
  await expect.poll(() => transactions.flat().length, { timeout: 20_000 }).toBe(actions.flat().length)
  await moving.stop()
  const carriedBy = new Map(transactions.flatMap((ids, number) => ids.map((id) => [id, number] as const)))
  for (const action of actions) {
    expect(new Set(action.map((id) => carriedBy.get(id))).size).toBe(1)
  }
  expect(transactions.length).toBeGreaterThan(8)
})
