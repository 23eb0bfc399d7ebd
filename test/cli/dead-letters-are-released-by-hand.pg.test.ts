import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { awaitRedrive, carryOutRedrive, planRedrive } from '../../src/admin/redrive.ts'
import { keyQueue } from '../../src/dead-letter/queue.ts'
import { setAside } from '../../src/dead-letter/set-aside.ts'
import type { Database } from '../../src/postgres/database.ts'
import { acquireLease } from '../../src/postgres/lease.ts'
import { freshDatabase } from '../support/database.ts'
import { type Ran, run } from './run.ts'

let url: string
let database: Database

const on = (...argv: readonly string[]): Promise<Ran> => run(argv, { DATABASE_URL: url })

const cause = { code: 'PUBLISH_REFUSED', message: 'key "a", event 1: too large' }

const keep = async (reader: string, key: string, count: number): Promise<void> => {
  const lease = await acquireLease(database, { name: reader, owner: 'test', ttl: 60_000 })
  const asides = Array.from({ length: count }, (_, index) => {
    const record = { topic: 'orders', key, value: `{"n":${index}}`, headers: { id: `${key}-${index}` } }
    const id = `${key}-${index}`
    const aside = { id, queue: keyQueue(record, id), record, place: BigInt(index + 1), position: 5n }
    return index === 0 ? { ...aside, cause } : aside
  })
  await setAside(database, { reader, token: lease?.token ?? 0n }, asides)
}

const statesOf = async (): Promise<readonly string[]> => {
  const sql = `select state from onewrite.dead_letters order by number`
  return (await database.query<{ state: string }>(sql)).rows.map(({ state }) => state)
}

const auditOf = async () =>
  (
    await database.query(
      'select operation, actor, reason, filter from onewrite.dead_letter_audit order by number',
    )
  ).rows

beforeEach(async () => {
  ;({ url, database } = await freshDatabase())
  await keep('relay/shop', 'a', 3)
  await keep('relay/shop.2.1', 'b', 2)
  await keep('relay/shop.extra', 'c', 1)
  await keep('consumer/inventory', 'd', 2)
})

const listed = async (...names: readonly string[]): Promise<unknown> =>
  (await on('dead-letters', 'list', ...names, '--json')).json()

describe('list', () => {
  it('names what is parked, of a relay and its shards or of a consumer, and tells a script that something is', async () => {
    const all = await on('dead-letters', 'list')
    expect(all.exitCode).toBe(3)
    expect(all.out).toMatch(/relay\/shop +orders +a +parked/)
    expect(await listed('--relay', 'shop')).toMatchObject({ deadLetters: [{ key: 'a' }, { key: 'b' }] })
    expect(await listed('--consumer', 'inventory')).toMatchObject({ deadLetters: [{ key: 'd' }] })
    expect(await listed('--key', 'a', '--all')).toMatchObject({
      deadLetters: [{ state: 'parked' }, { state: 'held' }, { state: 'held' }],
    })
    const none = await on('dead-letters', 'list', '--relay', 'other')
    expect(none).toMatchObject({ exitCode: 0, out: 'no dead letters\n' })
  })

  it('groups by kind of error and by who failed, the most frequent first', async () => {
    expect(await listed('--grouped')).toMatchObject({
      groups: [
        { reader: 'consumer/inventory', parked: 1, quarantines: 1, waiting: 1, code: 'PUBLISH_REFUSED' },
        { reader: 'relay/shop', parked: 1, quarantines: 1, waiting: 2, cause: cause.message },
        { reader: 'relay/shop.2.1', parked: 1, waiting: 1 },
        { reader: 'relay/shop.extra', parked: 1, waiting: 0 },
      ],
    })
    const { out } = await on('dead-letters', 'list', '--grouped', '--consumer', 'inventory')
    expect(out).toMatch(/^FINGERPRINT +READER +PARKED/)
    expect(out).not.toContain('relay/')
  })

  it('says that there are more', async () => {
    const { out } = await on('dead-letters', 'list', '--limit', '1')
    expect(out).toContain('the first 1; --limit shows more')
  })
})

it('quarantines lists the queues and what is in them', async () => {
  const { json } = await on('dead-letters', 'quarantines', '--relay', 'shop', '--json')
  expect(json()).toMatchObject({
    quarantines: [
      { reader: 'relay/shop', scope: 'key', topic: 'orders', subject: 'a', parked: 1, held: 2, bytes: '21' },
      { reader: 'relay/shop.2.1', subject: 'b', parked: 1, held: 1 },
    ],
  })
  const { out, exitCode } = await on('dead-letters', 'quarantines', '--key', 'd')
  expect([out.trim().split('\n').length, exitCode]).toEqual([2, 3])
  expect(await on('dead-letters', 'quarantines', '--key', 'x')).toMatchObject({
    exitCode: 0,
    out: 'no quarantines\n',
  })
})

it('show gives headers, value, what waits behind it and what was done about it', async () => {
  await on('dead-letters', 'redrive', '1', '--yes', '--actor', 'ann', '--reason', 'limit raised')
  const { out } = await on('dead-letters', 'show', '1')
  expect(out).toContain('header id: a-0')
  expect(out).toContain('value: {"n":0}')
  expect(out).toContain('following: 2')
  expect(out).toMatch(/^redrive at \S+Z by ann: limit raised$/m)
  expect(await on('dead-letters', 'show', '99')).toMatchObject({ exitCode: 1 })
  expect(await on('dead-letters', 'show', 'first')).toMatchObject({ exitCode: 2 })
})

describe('redrive', () => {
  const before = ['parked', 'held', 'held', 'parked', 'held', 'parked', 'parked', 'held']

  it('only says what it would release until it is told to do it', async () => {
    const dry = await on('dead-letters', 'redrive', '--all', '--json')
    expect(dry.json()).toMatchObject({
      ...{ dryRun: true, following: 4, quarantines: 4, behindOthers: 0 },
      numbers: ['1', '4', '6', '7'],
      deadLetters: [{}, {}, {}, {}],
    })
    const { out } = await on('dead-letters', 'redrive', '--all')
    expect(out).toContain('would release 4 parked in 4 quarantines, and 4 waiting behind them')
    expect(out).toContain('nothing was changed; add --yes to do it')
    expect(await statesOf()).toEqual(before)
    expect(await auditOf()).toEqual([])
  })

  it('releases what is named, once, and writes down who did it', async () => {
    const decided = ['--yes', '--actor', 'ann', '--reason', 'limit raised']
    const first = await on('dead-letters', 'redrive', '--key', 'a', ...decided)
    expect(first.out).toContain('released 1 parked, and 2 waiting behind them')
    const again = await on('dead-letters', 'redrive', '--key', 'a', ...decided)
    expect(again.out).toContain('released 0 parked')
    expect(await statesOf()).toEqual(before.with(0, 'released'))
    expect(await auditOf()).toEqual([
      { operation: 'redrive', actor: 'ann', reason: 'limit raised', filter: { number: ['1'] } },
    ])
  })

  it('takes numbers, a consumer, a kind of error, and a whole quarantine', async () => {
    await on('dead-letters', 'redrive', '4', '6', '--yes')
    expect(await statesOf()).toEqual(before.with(3, 'released').with(5, 'released'))
    const { groups }: { groups: { fingerprint: string }[] } = JSON.parse(
      (await on('dead-letters', 'list', '--grouped', '--json')).out,
    )
    const kind = groups[0]?.fingerprint ?? ''
    await on('dead-letters', 'redrive', '--fingerprint', kind, '--consumer', 'inventory', '--yes')
    expect(await statesOf()).toEqual(before.with(3, 'released').with(5, 'released').with(6, 'released'))
    await on('dead-letters', 'redrive', '--quarantine', '1', '--yes')
    expect((await statesOf())[0]).toBe('released')
  })

  it('says what stays because something before it is not meant', async () => {
    await database.query(
      `update onewrite.dead_letters set state = 'parked', error_code = 'X' where number = 3`,
    )
    const dry = await on('dead-letters', 'redrive', '3')
    expect(dry.out).toContain('1 of them stay behind parked ones that are not named')
  })

  it('waits for what becomes of it as long as it is told, and says that it is not over', async () => {
    const waited = await on('dead-letters', 'redrive', '1', '--yes', '--wait', '10ms')
    expect(waited.out).toContain('0 delivered, 0 parked again, 1 not yet delivered')
    expect(waited.exitCode).toBe(3)
    await database.query(`update onewrite.dead_letters set state = 'sent' where number = 1`)
    await database.query(`update onewrite.dead_letters set state = 'parked' where number = 2`)
    const result = await awaitRedrive(database, [1n, 2n], new AbortController().signal)
    expect(result).toEqual({ delivered: 1, parked: 1, waiting: 0 })
  })

  it('goes in portions, tells how far it is, and ends after one when it is interrupted', async () => {
    await database.query(`
      insert into onewrite.dead_letters (reader, event_id, quarantine, state, topic, headers, position)
      select 'consumer/inventory', 'many-' || n, 4, 'parked', 'orders', '[]', 1 from generate_series(1, 1200) n`)
    const plan = await planRedrive(database, { consumer: 'inventory' })
    const told: number[] = []
    const interrupted = new AbortController()
    const progress = (done: number) => {
      told.push(done)
      if (done >= 1000) interrupted.abort()
    }
    const { signal } = interrupted
    const released = await carryOutRedrive(database, plan, { actor: 'ann', progress, signal })
    expect(told).toEqual([500, 1000])
    expect(released).toEqual(plan.numbers.slice(0, 1000))
    expect(await auditOf()).toHaveLength(2)
  })

  it('refuses to release everything unless it is asked to', async () => {
    expect(await on('dead-letters', 'redrive')).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('--all'),
    })
  })
})

describe('discard', () => {
  it('needs a reason, and keeps it', async () => {
    expect(await on('dead-letters', 'discard', '1')).toMatchObject({ exitCode: 2 })
    expect(await on('dead-letters', 'discard', '1', '--reason', ' ')).toMatchObject({ exitCode: 2 })
    const done = await on('dead-letters', 'discard', '1', '--reason', 'a test order')
    expect(done).toMatchObject({ exitCode: 0 })
    expect((await statesOf())[0]).toBe('discarded')
    expect(await auditOf()).toMatchObject([{ operation: 'discard', reason: 'a test order' }])
  })

  it('refuses what is not parked', async () => {
    for (const number of ['2', '99']) {
      const { exitCode, err } = await on('dead-letters', 'discard', number, '--reason', 'no')
      expect(exitCode).toBe(1)
      expect(err).toContain('DEAD_LETTER_NOT_PARKED')
    }
  })
})

it('edit changes what is delivered and keeps what it came with', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'onewrite-edit-')), 'value.json')
  await writeFile(file, '{"n":"edited"}')
  await on('dead-letters', 'edit', '1', '--value', file)
  const { out } = await on('dead-letters', 'show', '1')
  expect(out).toContain('value: {"n":0}')
  expect(out).toContain('delivered instead: {"n":"edited"}')
  await on('dead-letters', 'edit', '1')
  expect((await on('dead-letters', 'show', '1')).out).not.toContain('delivered instead')
  expect(await auditOf()).toMatchObject([{ operation: 'edit' }, { operation: 'edit' }])
})
