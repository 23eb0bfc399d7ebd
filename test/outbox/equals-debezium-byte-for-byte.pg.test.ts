import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Exception, exceptions } from './exceptions.ts'
import { type Golden, type GoldenRecord, goldens, inOrder, recorded } from './golden.ts'
import { openReplay, type Replay } from './replay.ts'

let replay: Replay

beforeAll(async () => {
  replay = await openReplay()
})
afterAll(() => replay.close())

const named = goldens.filter(({ name }) => Object.hasOwn(exceptions, name))
const equal = goldens.filter(({ name }) => !Object.hasOwn(exceptions, name))
const published = equal.filter(({ failed }) => failed === undefined)
const failing = equal.filter(({ failed }) => failed !== undefined)

const run = async (golden: Golden) => {
  const { records, fault } = await replay.run(golden)
  const partitions = golden.records[0]?.partitions ?? 5
  return { fault, records: inOrder(records.map((record) => recorded(record, partitions))) }
}

const textOf = ({ value }: GoldenRecord): string | null =>
  value === null ? null : Buffer.from(value, 'base64').toString()

const byName = (list: readonly Golden[]) => list.map((golden) => [golden.name, golden] as const)

describe('a record of ours is that of Debezium in every byte', () => {
  it.each(byName(published))('%s', async (_name, golden) => {
    const { records, fault } = await run(golden)
    expect(fault).toBeUndefined()
    expect(records).toEqual(golden.records)
  })
})

describe('what fails the task of Debezium is refused here, and nothing is published that it did not', () => {
  it.each(byName(failing))('%s', async (_name, golden) => {
    const { records, fault } = await run(golden)
    expect(fault, golden.failed?.message).toBeInstanceOf(Error)
    for (const record of records) expect(golden.records).toContainEqual(record)
  })
})

const verify = async (golden: Golden, exception: Exception): Promise<void> => {
  const { records, fault } = await run(golden)
  if (exception.ours === 'refuses') {
    expect(fault).toMatchObject({ message: expect.stringMatching(exception.message) })
    expect(records).toEqual([])
    return
  }
  expect(fault).toBeUndefined()
  if (exception.ours === 'differs') {
    expect(records).not.toEqual(golden.records)
    expect(records.map(textOf)).toEqual(exception.values)
    return
  }
  expect(golden.failed).toBeDefined()
  for (const record of golden.records) expect(records).toContainEqual(record)
  const behind = records.map(textOf).filter((text) => !golden.records.map(textOf).includes(text))
  expect(behind).toEqual(exception.more)
}

describe('where ours is not that of Debezium, it is on purpose', () => {
  it.each(Object.entries(exceptions))('%s', async (name, exception) => {
    const golden = named.find((candidate) => candidate.name === name)
    if (golden === undefined) throw new Error('there is no such case')
    await verify(golden, exception)
  })
})

it('covers everything that was recorded', () => {
  expect(published.length + failing.length + named.length).toBe(goldens.length)
  expect(named.length).toBe(Object.keys(exceptions).length)
  expect({ published: published.length, failing: failing.length, named: named.length }).toEqual({
    published: 338,
    failing: 35,
    named: 19,
  })
})
