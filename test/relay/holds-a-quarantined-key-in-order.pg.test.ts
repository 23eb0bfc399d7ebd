import { expect, it } from 'vitest'
import { discard, redrive } from '../../src/dead-letter/decide.ts'
import { countDeadLetters, listDeadLetters } from '../../src/dead-letter/list.ts'
import { reader, refusingTransport, relayTo } from '../dead-letter/refusing-relay.ts'
import { freshDatabase } from '../support/database.ts'
import { appendAll, deposited } from './events.ts'

const timeout = 20_000

it.each(['exactly-once', 'at-least-once'] as const)(
  'sets a refused record and what follows it aside, lets other keys flow, and redrives in order (%s)',
  async (delivery) => {
    const { database } = await freshDatabase()
    const transport = refusingTransport()
    const moving = relayTo(database, transport, { delivery })
    await appendAll(database, [deposited('a', { n: 1 }), deposited('b', { n: 1 })])
    await appendAll(database, [deposited('a', { n: 2, size: 'refused' }), deposited('b', { n: 2 })])
    await appendAll(database, [deposited('a', { n: 3 }), deposited('c', { n: 1 })])
    moving.start()
    await expect.poll(() => transport.read('c'), { timeout }).toEqual([1])
    const unique = (numbers: readonly number[]) => [...new Set(numbers)]
    expect(unique(transport.read('b'))).toEqual([1, 2])
    expect(unique(transport.read('a'))).toEqual([1])
    await appendAll(database, [deposited('a', { n: 4 }), deposited('b', { n: 3 })])
    await expect.poll(() => unique(transport.read('b')), { timeout }).toEqual([1, 2, 3])
    await expect
      .poll(() => countDeadLetters(database, reader), { timeout })
      .toMatchObject({
        quarantines: 1,
        parked: 1,
        waiting: 2,
      })
    const [parked] = await listDeadLetters(database)
    expect(parked).toMatchObject({ key: 'a', errorCode: 'PUBLISH_REFUSED', attempts: 1 })
    transport.relent()
    await redrive(database, { key: 'a' }, { actor: 'test' })
    await redrive(database, { key: 'a' }, { actor: 'test' })
    await expect.poll(() => unique(transport.read('a')), { timeout }).toEqual([1, 2, 3, 4])
    await appendAll(database, [deposited('a', { n: 5 })])
    await expect.poll(() => unique(transport.read('a')), { timeout }).toEqual([1, 2, 3, 4, 5])
    if (delivery === 'exactly-once') expect(transport.read('a')).toEqual([1, 2, 3, 4, 5])
    await moving.stop()
    expect(await countDeadLetters(database, reader)).toMatchObject({ quarantines: 0, parked: 0, waiting: 0 })
  },
)

it('lets what follows a discarded record go, in order, and never sends that record', async () => {
  const { database } = await freshDatabase()
  const transport = refusingTransport()
  const moving = relayTo(database, transport, { lookEvery: 20 })
  moving.start()
  await appendAll(database, [deposited('a', { n: 1 }), deposited('a', { n: 2, size: 'refused' })])
  await appendAll(database, [deposited('a', { n: 3 }), deposited('a', { n: 4 })])
  await expect
    .poll(() => countDeadLetters(database, reader), { timeout })
    .toMatchObject({ parked: 1, waiting: 2 })
  const [parked] = await listDeadLetters(database)
  await discard(database, parked?.number ?? 0n, { actor: 'test', reason: 'a test' })
  await appendAll(database, [deposited('a', { n: 5 })])
  await expect.poll(() => transport.read('a'), { timeout }).toEqual([1, 3, 4, 5])
  await moving.stop()
  expect(await countDeadLetters(database, reader)).toMatchObject({ quarantines: 0, parked: 0, waiting: 0 })
})
