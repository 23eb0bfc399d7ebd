import { afterAll, beforeAll, expect, it } from 'vitest'
import { redrive } from '../../src/dead-letter/decide.ts'
import { listDeadLetters } from '../../src/dead-letter/list.ts'
import { keyQueue, shortId } from '../../src/dead-letter/queue.ts'
import { recover } from '../../src/dead-letter/recover.ts'
import { markSent, takeReleased } from '../../src/dead-letter/release.ts'
import { setAside } from '../../src/dead-letter/set-aside.ts'
import type { OutgoingRecord } from '../../src/message/outgoing-record.ts'
import type { Database } from '../../src/postgres/database.ts'
import { acquireLease } from '../../src/postgres/lease.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { grantRoles } from '../../src/postgres/roles.ts'
import { freshDatabase } from '../support/database.ts'

const role = `relay_of_quarantine_${process.pid}`
const reader = 'relay/orders'

let owner: Database
let database: Database
let token: bigint

beforeAll(async () => {
  const fresh = await freshDatabase()
  owner = fresh.database
  await owner.query(`create role ${role} login`)
  await grantRoles(owner, { relay: role })
  const url = new URL(fresh.url)
  url.username = role
  // With the rights of a relay, and no more.
  database = pgDatabase({ url: url.href, max: 2 })
  token = (await acquireLease(database, { name: reader, owner: 'test', ttl: 600_000 }))?.token ?? 0n
})

afterAll(async () => {
  await database.close()
  await owner.query(`drop owned by ${role} cascade`)
  await owner.query(`drop role ${role}`)
})

const records: readonly OutgoingRecord[] = [
  { topic: 't', key: 'k', value: '{"größe":"水 🚰"}', headers: { id: '1', text: 'größe', empty: '' } },
  {
    topic: 't',
    key: 'k',
    value: null,
    headers: [
      ['again', 'a'],
      ['null', null],
      ['again', Buffer.from([0, 255])],
    ],
  },
  {
    topic: 't',
    key: Buffer.from([0, 255, 7]),
    value: Buffer.from([0, 255]),
    headers: {},
    partition: 2,
    timestamp: 5,
  },
  { topic: 't', key: null, value: '', headers: { 'with-nul': 'a\0b' } },
  { topic: 't', key: 'x'.repeat(5_000), value: 'long key', headers: {} },
]

const bytes = ({ key, value, headers, ...rest }: OutgoingRecord) => ({
  ...rest,
  key: key === null ? null : Buffer.from(key).toString('hex'),
  value: value === null ? null : Buffer.from(value).toString('hex'),
  headers: (Array.isArray(headers) ? headers : Object.entries(headers)).map(([name, text]) => [
    name,
    text === null ? null : Buffer.from(text).toString('hex'),
  ]),
})

it('leaves as it came, whatever it holds, and a relay needs no rights beyond its own', async () => {
  const cause = { code: 'PUBLISH_REFUSED', message: 'no\0 room' }
  const asides = records.map((record, index) => {
    const id = shortId(index === 3 ? `${'long'.repeat(200)}\0` : `id-${index}`)
    return { id, queue: keyQueue(record, id), record, place: BigInt(index + 1), position: 1n, cause }
  })
  await setAside(database, { reader, token }, asides)
  await setAside(database, { reader, token }, asides)
  const parked = await listDeadLetters(database, { reader })
  expect(parked.map(({ attempts }) => attempts)).toEqual([2, 2, 2, 2, 2])
  await redrive(database, {}, { actor: 'test' })
  const leaving: OutgoingRecord[] = []
  for (let release = 1n; ; release += 1n) {
    const looked = await takeReleased(database, { reader, token }, release)
    if (looked.release === undefined) break
    leaving.push(...looked.release.leaving.map(({ record }) => record))
    await markSent(database, { reader, token }, release)
  }
  expect(leaving.map(bytes)).toEqual(records.map(bytes))
  const { waiting } = await recover(database, { reader, token }, { placed: 5n, released: 5n })
  expect(waiting).toBe(false)
})

it('is kept by nobody but the one that leads', async () => {
  const former = { reader, token: token - 1n }
  await expect(setAside(database, former, [])).rejects.toMatchObject({ code: 'FENCED' })
  await expect(takeReleased(database, former, 9n)).rejects.toMatchObject({ code: 'FENCED' })
  await expect(markSent(database, former, 9n)).rejects.toMatchObject({ code: 'FENCED' })
  await expect(recover(database, former, { placed: 0n, released: 0n })).rejects.toMatchObject({
    code: 'FENCED',
  })
})
