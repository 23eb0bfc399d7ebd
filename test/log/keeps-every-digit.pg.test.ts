import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { append } from '../../src/log/append.ts'
import { readStream } from '../../src/log/read-stream.ts'
import { catalogue } from '../../src/message/catalogue.ts'
import { event } from '../../src/message/event.ts'
import type { NewEvent } from '../../src/message/new-event.ts'
import { newId } from '../../src/message/new-id.ts'
import { toRecord } from '../../src/message/to-record.ts'
import { topics } from '../../src/message/topic.ts'
import type { Database } from '../../src/postgres/database.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import { freshDatabase } from '../support/database.ts'
import { readRaw } from '../support/read-raw.ts'

const Measured = event('meter.read', {
  aggregate: 'meter',
  id: (data) => data.meterId,
  data: z.object({ meterId: z.string(), value: z.unknown() }),
})

let database: Database

beforeAll(async () => {
  database = (await freshDatabase()).database
})

const write = (...events: readonly NewEvent[]) => database.transaction((tx) => append(tx, events))

const rawOf = async (meterId: string) => {
  const raw = (await readRaw(database)).find(({ aggregateId }) => aggregateId === meterId)
  if (raw === undefined) throw new Error(`${meterId} is not recorded`)
  return raw
}

const decodedOf = async (meterId: string) => {
  for await (const one of readStream(database, catalogue([Measured]), {
    aggregate: 'meter',
    aggregateId: meterId,
  })) {
    return one
  }
  throw new Error(`${meterId} is not recorded`)
}

/** As another client writes it, one that can print more digits than JavaScript: through the function itself. */
const writeText = async (meterId: string, valueText: string): Promise<void> => {
  const streams = [{ type: 'meter', id: meterId, added: 1, expected: null }]
  const events = `[{"id": "${newId()}", "stream": 1, "place": 1, "type": "meter.read", "version": 1,
    "payload": {"meterId": "${meterId}", "value": ${valueText}}, "metadata": {}, "occurred_at": "2026-11-21T10:00:00Z"}]`
  await database.query('select onewrite.append($1::text::jsonb, $2::text::jsonb)', [
    JSON.stringify(streams),
    events,
  ])
}

describe('digits', () => {
  it.each([
    '9007199254740993',
    '-9223372036854775809',
    '123456789012345678901234567890',
    '0.1000000000000000055511151231257827',
    '19.90',
    '0.00',
    '1234567890.12345678901234567890',
  ])('of the JSON number %s are the same when they leave', async (text) => {
    const meterId = newId()
    await writeText(meterId, text)
    const { payload } = await rawOf(meterId)
    expect(payload).toBe(`{"value": ${text}, "meterId": "${meterId}"}`)
    const record = toRecord(await rawOf(meterId), { source: '/meters', topicOf: topics.aggregateEvents })
    expect(record.value).toBe(payload)
  })

  it.each(['9007199254740993', '19.90', '-0.10'])('of the text %s are the same', async (text) => {
    const meterId = newId()
    await write(Measured({ meterId, value: text }))
    expect((await rawOf(meterId)).payload).toBe(`{"value": "${text}", "meterId": "${meterId}"}`)
    expect((await decodedOf(meterId)).data).toEqual({ meterId, value: text })
  })

  it.each([0.1, -1.5e-7, 2 ** 53, 1e21, 5e-324, Number.MAX_VALUE, 4.35])(
    'of the number %d come back',
    async (value) => {
      const meterId = newId()
      await write(Measured({ meterId, value }))
      expect((await decodedOf(meterId)).data).toEqual({ meterId, value })
    },
  )

  it('of a bigint are refused before they are lost', () => {
    expect(() => Measured({ meterId: 'meter-1', value: 2n ** 60n })).toThrow(
      expect.objectContaining({ code: 'UNSERIALIZABLE_DATA' }),
    )
  })

  it('of the time are the same to the millisecond, in any year that has four', async () => {
    for (const time of ['2026-11-21T10:00:00.123Z', '0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z']) {
      const meterId = newId()
      await write(Measured({ meterId, value: 0 }, { occurredAt: new Date(time) }))
      expect((await decodedOf(meterId)).occurredAt.toISOString()).toBe(time)
    }
  })
})

describe('times and numbers', () => {
  it('are the same whatever the database is set to print', async () => {
    const fresh = await freshDatabase()
    const name = new URL(fresh.url).pathname.slice(1)
    for (const setting of [
      "datestyle to 'German'",
      "timezone to 'Asia/Kathmandu'",
      'extra_float_digits to -10',
      "bytea_output to 'escape'",
    ]) {
      await fresh.database.query(`alter database "${name}" set ${setting}`)
    }
    const occurredAt = new Date('2026-11-21T10:20:30.456Z')
    const early = new Date('2026-02-03T00:00:00.000Z')
    const other = pgDatabase({ url: fresh.url })
    await other.transaction((tx) =>
      append(tx, [
        Measured({ meterId: 'meter-1', value: '1.50' }, { occurredAt }),
        Measured({ meterId: 'meter-1', value: '2.50' }, { occurredAt: early }),
      ]),
    )
    const raw = await readRaw(other)
    expect(raw.map((one) => new Date(one.occurredAt))).toEqual([occurredAt, early])
    expect(raw[0]?.occurredAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
    const read = readStream(other, catalogue([Measured]), { aggregate: 'meter', aggregateId: 'meter-1' })
    expect((await read.next()).value?.occurredAt).toEqual(occurredAt)
    await read.return(undefined)
    await other.close()
  })
})

describe('text', () => {
  it.each([
    ['U+0000', 'a\u0000b'],
    ['a lone high surrogate', 'a\ud800b'],
    ['a lone low surrogate', '\udc00'],
  ])('with %s is refused before PostgreSQL sees it, in values, names and metadata', async (_name, text) => {
    const unstorable = expect.objectContaining({ code: 'UNSTORABLE_TEXT' })
    expect(() => Measured({ meterId: 'meter-1', value: text })).toThrow(unstorable)
    expect(() => Measured({ meterId: 'meter-1', value: { [text]: 1 } })).toThrow(unstorable)
    const event = Measured({ meterId: newId(), value: 1 }, { metadata: { actor: text } })
    await expect(write(event)).rejects.toMatchObject({ code: 'UNSTORABLE_TEXT' })
    const byHand = { ...Measured({ meterId: newId(), value: 1 }), data: { deep: [text] } }
    await expect(write(byHand)).rejects.toMatchObject({ code: 'UNSTORABLE_TEXT' })
  })

  it.each(['💶 – ünïcödé', '\\u0000', '\u0001\u001f\u007f', '"\\\n\t', '\u2028\ufffd\ufeff', '\ud83d\ude00'])(
    'with %j comes back as it was',
    async (text) => {
      const meterId = newId()
      await write(Measured({ meterId, value: { [text]: text } }, { metadata: { actor: text } }))
      const read = await decodedOf(meterId)
      expect(read.data).toEqual({ meterId, value: { [text]: text } })
      expect(read.metadata.actor).toBe(text)
    },
  )

  it('named __proto__ or constructor stays data and pollutes nothing', async () => {
    const meterId = newId()
    const value: unknown = JSON.parse(
      '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 2}}}',
    )
    await write(Measured({ meterId, value }))
    expect((await rawOf(meterId)).payload).toContain('"__proto__": {"polluted": 1}')
    const { data } = await decodedOf(meterId)
    expect(JSON.stringify(data)).toContain('"__proto__":{"polluted":1}')
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})
