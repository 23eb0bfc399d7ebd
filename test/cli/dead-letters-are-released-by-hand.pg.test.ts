import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
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

const keep = async (name: string, key: string, count: number): Promise<void> => {
  const reader = `relay/${name}`
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
  await keep('shop', 'a', 3)
  await keep('shop.2.1', 'b', 2)
  await keep('shop.extra', 'c', 1)
})

describe('dead-letters', () => {
  it('lists what is parked, of a relay and its shards, and tells a script that something is', async () => {
    const all = await on('relay', 'dead-letters')
    expect(all.exitCode).toBe(3)
    expect(all.out).toMatch(/relay\/shop +orders +a +parked/)
    const ofOne = (await on('relay', 'dead-letters', '--relay', 'shop', '--json')).json()
    expect(ofOne).toMatchObject({ deadLetters: [{ key: 'a' }, { key: 'b' }] })
    const behind = (await on('relay', 'dead-letters', '--key', 'a', '--all', '--json')).json()
    expect(behind).toMatchObject({ deadLetters: [{ state: 'parked' }, { state: 'held' }, { state: 'held' }] })
    expect(await on('relay', 'dead-letters', '--relay', 'other')).toMatchObject({
      exitCode: 0,
      out: 'no dead letters\n',
    })
  })

  it('shows one with its headers and its value', async () => {
    const { out } = await on('relay', 'dead-letter', '1')
    expect(out).toContain('header id: a-0')
    expect(out).toContain('value: {"n":0}')
  })
})

describe('redrive', () => {
  it('says in a dry run what it would release, and changes nothing', async () => {
    const dry = await on('relay', 'redrive', '--all', '--dry-run', '--json')
    expect(dry.json()).toMatchObject({ dryRun: true, following: 3, released: [{}, {}, {}] })
    expect(await statesOf()).toEqual(['parked', 'held', 'held', 'parked', 'held', 'parked'])
    expect(await auditOf()).toEqual([])
  })

  it('releases what is named, once, and writes down who did it', async () => {
    const first = await on('relay', 'redrive', '--key', 'a', '--actor', 'ann', '--reason', 'limit raised')
    expect(first.out).toContain('released 1 parked, and 2 waiting behind them')
    const again = await on('relay', 'redrive', '--key', 'a', '--actor', 'ann')
    expect(again.out).toContain('released 0 parked')
    expect(await statesOf()).toEqual(['released', 'held', 'held', 'parked', 'held', 'parked'])
    expect(await auditOf()).toEqual([
      {
        operation: 'redrive',
        actor: 'ann',
        reason: 'limit raised',
        filter: expect.objectContaining({ key: 'a' }),
      },
    ])
  })

  it('releases by kind of error', async () => {
    const { out } = await on('relay', 'dead-letters', '--json')
    const { deadLetters }: { deadLetters: { fingerprint: string }[] } = JSON.parse(out)
    const kind = deadLetters[0]?.fingerprint ?? ''
    await on('relay', 'redrive', '--fingerprint', kind, '--relay', 'shop')
    expect(await statesOf()).toEqual(['released', 'held', 'held', 'released', 'held', 'parked'])
  })

  it('refuses to release everything unless it is asked to', async () => {
    expect(await on('relay', 'redrive')).toMatchObject({ exitCode: 2, err: expect.stringContaining('--all') })
  })
})

describe('discard', () => {
  it('needs a reason, and keeps it', async () => {
    expect(await on('relay', 'discard', '--id', '1')).toMatchObject({ exitCode: 2 })
    expect(await on('relay', 'discard', '--id', '1', '--reason', ' ')).toMatchObject({ exitCode: 2 })
    expect(await on('relay', 'discard', '--id', '1', '--reason', 'a test order')).toMatchObject({
      exitCode: 0,
    })
    expect((await statesOf())[0]).toBe('discarded')
    expect(await auditOf()).toMatchObject([{ operation: 'discard', reason: 'a test order' }])
  })

  it('refuses what is not parked', async () => {
    for (const id of ['2', '99']) {
      const { exitCode, err } = await on('relay', 'discard', '--id', id, '--reason', 'no')
      expect(exitCode).toBe(1)
      expect(err).toContain('DEAD_LETTER_NOT_PARKED')
    }
  })
})

it('edit changes what is sent and keeps what it came with', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'onewrite-edit-')), 'value.json')
  await writeFile(file, '{"n":"edited"}')
  await on('relay', 'edit', '--id', '1', '--value', file)
  const { out } = await on('relay', 'dead-letter', '1')
  expect(out).toContain('value: {"n":0}')
  expect(out).toContain('sent instead: {"n":"edited"}')
  await on('relay', 'edit', '--id', '1')
  expect((await on('relay', 'dead-letter', '1')).out).not.toContain('sent instead')
  expect(await auditOf()).toMatchObject([{ operation: 'edit' }, { operation: 'edit' }])
})
