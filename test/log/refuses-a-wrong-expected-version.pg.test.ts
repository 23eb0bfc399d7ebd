import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { VersionConflictError } from '../../src/error/classes.ts'
import { isOnewriteError } from '../../src/error/onewrite-error.ts'
import { type AppendOptions, append } from '../../src/log/append.ts'
import type { ExpectedVersion } from '../../src/log/expected-version.ts'
import { streamVersion } from '../../src/log/read-stream.ts'
import { newId } from '../../src/message/new-id.ts'
import type { Database, IsolationLevel } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { freshDatabase } from '../support/database.ts'
import { placed } from '../support/order-placed.ts'
import { readRaw } from '../support/read-raw.ts'

let database: Database
let url: string
let order: string

beforeAll(async () => {
  const fresh = await freshDatabase()
  database = fresh.database
  url = fresh.url
})

beforeEach(() => {
  order = newId()
})

const write = (ids: readonly string[], expected?: AppendOptions['expected']) =>
  database.transaction((tx) => append(tx, placed(...ids), expected === undefined ? {} : { expected }))

const version = (id: string) => streamVersion(database, { aggregate: 'order', aggregateId: id })

const recordedOf = async (id: string): Promise<readonly string[]> =>
  (await readRaw(database)).filter((event) => event.aggregateId === id).map(({ sequence }) => sequence)

const refused = { code: 'VERSION_CONFLICT', retryable: true }

describe('each expectation', () => {
  const cases: readonly [ExpectedVersion, stored: number, verdict: 'accepted' | RegExp][] = [
    [0, 0, 'accepted'],
    [0, 1, /expected no stream, actual 1/],
    [3, 3, 'accepted'],
    [3, 4, /expected 3, actual 4/],
    [3, 2, /expected 3, actual 2/],
    [3, 0, /expected 3, actual no stream/],
    ['any', 0, 'accepted'],
    ['any', 2, 'accepted'],
    ['no-stream', 0, 'accepted'],
    ['no-stream', 2, /expected no stream, actual 2/],
    ['stream-exists', 2, 'accepted'],
    ['stream-exists', 0, /expected an existing stream, actual no stream/],
  ]
  it.each(cases)('%s against version %i is %s', async (expected, stored, verdict) => {
    if (stored > 0) await write(Array<string>(stored).fill(order))
    const written = write([order, order], expected)
    if (verdict === 'accepted') {
      expect((await written).sequences).toEqual([stored + 1, stored + 2])
      expect(await version(order)).toBe(stored + 2)
    } else {
      await expect(written).rejects.toMatchObject({ ...refused, message: expect.stringMatching(verdict) })
      await expect(written).rejects.toThrow(VersionConflictError)
      expect(await version(order)).toBe(stored)
    }
    expect((await recordedOf(order)).length).toBe(await version(order))
  })

  it('names the stream', async () => {
    const parameters = { stream: `order/${order}`, expected: '7', actual: 'no stream' }
    await expect(write([order], 7)).rejects.toMatchObject({ ...refused, parameters })
  })

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('%d is no version', async (expected) => {
    await expect(write([order], expected)).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
  })

  it('is wanted for each of several streams, and only for those', async () => {
    const other = newId()
    await expect(write([order, other], 'no-stream')).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
    const stranger = [{ aggregate: 'order', aggregateId: newId(), version: 0 }]
    await expect(write([order], stranger)).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
    const twice = [
      { aggregate: 'order', aggregateId: order, version: 0 },
      { aggregate: 'order', aggregateId: order, version: 5 },
    ]
    await expect(write([order], twice)).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
    expect(await version(order)).toBe(0)
  })
})

describe('writers at once', () => {
  it('with one expected version: exactly one of 20 wins, whoever read the version before', async () => {
    await write([order])
    const wide = pgDatabase({ url, max: 20 })
    const known = await version(order)
    const writers = Array.from({ length: 20 }, () =>
      wide.transaction((tx) => append(tx, placed(order), { expected: known })),
    )
    const outcomes = await Promise.allSettled(writers)
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(lost).toHaveLength(19)
    expect(lost.every(({ reason }) => isOnewriteError(reason, 'VERSION_CONFLICT'))).toBe(true)
    expect(lost.every(({ reason }) => /expected 1, actual 2/.test(String(reason)))).toBe(true)
    expect(await recordedOf(order)).toEqual(['1', '2'])
    await wide.close()
  })

  it('that create one stream: exactly one of 20 wins', async () => {
    const wide = pgDatabase({ url, max: 20 })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        wide.transaction((tx) => append(tx, placed(order), { expected: 'no-stream' })),
      ),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await recordedOf(order)).toEqual(['1'])
    await wide.close()
  })

  it('without an expectation: all 20 are recorded, numbered without gaps', async () => {
    const wide = pgDatabase({ url, max: 20 })
    await Promise.all(
      Array.from({ length: 20 }, () => wide.transaction((tx) => append(tx, placed(order, order)))),
    )
    expect((await recordedOf(order)).map(Number)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    await wide.close()
  })

  it('that name the same streams in opposite order do not deadlock', async () => {
    const [a, b] = [newId(), newId()]
    const wide = pgDatabase({ url, max: 8 })
    const writers = Array.from({ length: 80 }, (_, i) =>
      wide.transaction((tx) => append(tx, i % 2 === 0 ? placed(a, b) : placed(b, a))),
    )
    await Promise.all(writers)
    expect([await version(a), await version(b)]).toEqual([80, 80])
    await wide.close()
  })
})

describe('a conflict that was swallowed', () => {
  it('cannot be committed, not even the half before it', async () => {
    await write([order])
    const other = newId()
    const swallowed = database.transaction(async (tx) => {
      await append(tx, placed(other))
      await append(tx, placed(order), { expected: 0 }).catch(() => undefined)
    })
    await expect(swallowed).rejects.toMatchObject({ code: 'COMMIT_REFUSED' })
    expect([await version(order), await version(other)]).toEqual([1, 0])
    expect(await recordedOf(other)).toEqual([])
  })

  it('of one stream takes the other streams of that append with it, also inside a savepoint', async () => {
    const other = newId()
    await write([order])
    await database.transaction(async (tx) => {
      await tx.query('savepoint attempt')
      const expected = [
        { aggregate: 'order', aggregateId: other, version: 0 },
        { aggregate: 'order', aggregateId: order, version: 9 },
      ]
      await expect(append(tx, placed(other, order), { expected })).rejects.toMatchObject(refused)
      await tx.query('rollback to savepoint attempt')
      const { sequences } = await append(tx, placed(order), { expected: 1 })
      expect(sequences).toEqual([2])
    })
    expect([await version(order), await version(other)]).toEqual([2, 0])
    expect(await recordedOf(order)).toEqual(['1', '2'])
    expect(await recordedOf(other)).toEqual([])
  })
})

describe('several streams in one append', () => {
  it('each have their own expectation; those without one take anything', async () => {
    const [old, fresh, free] = [newId(), newId(), newId()]
    await write([old, free])
    const expected = [
      { aggregate: 'order', aggregateId: old, version: 1 },
      { aggregate: 'order', aggregateId: fresh, version: 'no-stream' as const },
    ]
    const { sequences } = await write([fresh, old, free, old, fresh], expected)
    expect(sequences).toEqual([1, 2, 2, 3, 2])
  })
})

describe('under a snapshot taken before another writer committed', () => {
  const levels: readonly IsolationLevel[] = ['repeatable read', 'serializable']
  const expectations: readonly (ExpectedVersion | undefined)[] = [undefined, 1, 'stream-exists']
  const cases = levels.flatMap((level) => expectations.map((expected) => [level, expected] as const))

  it.each(cases)('%s with %s fails with 40001 instead of a wrong version', async (isolation, expected) => {
    await write([order])
    const late = database.transaction(
      async (tx) => {
        await tx.query('select 1')
        await write([order])
        return append(tx, placed(order), expected === undefined ? {} : { expected })
      },
      { isolation },
    )
    await expect(late).rejects.toMatchObject({ code: '40001' })
    expect(await recordedOf(order)).toEqual(['1', '2'])
  })

  it.each(levels)('%s refuses a version that its snapshot does not know', async (isolation) => {
    await write([order])
    const late = database.transaction(
      async (tx) => {
        await tx.query('select 1')
        await write([order])
        return append(tx, placed(order), { expected: 2 })
      },
      { isolation },
    )
    await expect(late).rejects.toMatchObject(refused)
    expect(await recordedOf(order)).toEqual(['1', '2'])
  })

  it.each(levels)('%s with no-stream fails with 40001 too', async (isolation) => {
    const late = database.transaction(
      async (tx) => {
        await tx.query('select 1')
        await write([order])
        return append(tx, placed(order), { expected: 'no-stream' })
      },
      { isolation },
    )
    await expect(late).rejects.toMatchObject({ code: '40001' })
    expect(await version(order)).toBe(1)
  })
})
