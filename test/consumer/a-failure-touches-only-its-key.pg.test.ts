import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Handled } from '../../src/consumer/handler.ts'
import { deadLetter, retry, skip } from '../../src/consumer/outcome.ts'
import { listDeadLetters } from '../../src/dead-letter/list.ts'
import {
  type Counting,
  counted,
  counting,
  expectEffects,
  manyCounted,
  openScene,
  type Scene,
  upTo,
  writing,
} from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene.close())

const others = ['b', 'c', 'd']
const healthy = Object.fromEntries(others.map((thing) => [thing, upTo(30)]))
const parked = () => listDeadLetters(scene.db.database)

/** Fails at event 3 of thing a. */
const failing =
  (fail: (handling: Counting) => Promise<Handled>) =>
  async (handling: Counting): Promise<Handled> => {
    const { thing, n } = handling.event.data
    // What it wrote before it failed must not be seen.
    await writing(handling)
    return thing === 'a' && n === 3 ? fail(handling) : undefined
  }

const throwing = (error: unknown) =>
  failing(async () => {
    throw error
  })

const transient = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })

describe.each(['batch', 'each'] as const)('with a transaction for a %s', (transaction) => {
  test('an error that passes blocks its key until it has passed, and no other', async () => {
    let attempts = 0
    const handle = failing(async ({ attempt }) => {
      attempts = attempt
      if (attempt < 4) throw transient
      return undefined
    })
    scene.start(counting('printer', handle, { transaction }))
    await scene.send(manyCounted(['a', ...others], 30))
    await expectEffects(scene, { a: upTo(30), ...healthy })
    expect(attempts).toBe(4)
    expect(await parked()).toEqual([])
  })

  test('an error that stays parks the event at once; what follows of its key waits, the others go on', async () => {
    const mistake = Object.assign(new Error('duplicate key'), { code: '23505', severity: 'ERROR' })
    scene.start(counting('printer', throwing(mistake), { transaction }))
    await scene.send(manyCounted(['a', ...others], 30))
    await expectEffects(scene, { a: [1, 2], ...healthy })
    const only = { reader: 'consumer/printer', key: 'a', state: 'parked', attempts: 1, errorCode: '23505' }
    await expect.poll(parked, { timeout: 10_000 }).toMatchObject([only])
  })
})

test('an error that nobody can classify is tried so often, then parked', async () => {
  let calls = 0
  const handle = failing(async () => {
    calls += 1
    throw new Error('hm')
  })
  scene.start(counting('printer', handle, { transaction: 'each' }))
  await scene.send(manyCounted(['a', ...others], 30))
  await expectEffects(scene, { a: [1, 2], ...healthy })
  await expect.poll(parked, { timeout: 10_000 }).toMatchObject([{ key: 'a', attempts: 5 }])
  expect(calls).toBe(5)
})

test('an error that does not pass in time is parked', async () => {
  const backoff = () => 20
  scene.start(counting('printer', throwing(transient), { retry: { attempts: 3, backoff } }))
  await scene.send(manyCounted(['a', ...others], 30))
  await expectEffects(scene, { a: [1, 2], ...healthy })
  await expect.poll(parked, { timeout: 10_000 }).toMatchObject([{ key: 'a', attempts: 3 }])
})

test('a handler that does not return is given up, and what it does later has no effect', async () => {
  let aborted = 0
  const handle = failing(
    ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          aborted += 1
          reject(signal.reason)
        })
      }),
  )
  const options = { timeout: 300, retry: { attempts: 2, backoff: () => 10 } } as const
  scene.start(counting('printer', handle, options))
  await scene.send(manyCounted(['a', ...others], 30))
  await expectEffects(scene, { a: [1, 2], ...healthy })
  await expect
    .poll(parked, { timeout: 10_000 })
    .toMatchObject([{ key: 'a', attempts: 2, errorCode: 'HANDLER_TIMEOUT' }])
  expect(aborted).toBeGreaterThanOrEqual(2)
})

test('a handler that was given up and goes on is not run beside itself', async () => {
  let running = 0
  let most = 0
  let failures = 0
  let release: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const handle = async (handling: Counting): Promise<Handled> => {
    if (handling.event.data.thing === 'b') {
      failures += 1
      if (failures === 3) release()
      throw transient
    }
    running += 1
    most = Math.max(most, running)
    // Looks at no signal: it goes on while the failure of b has ended their transaction.
    await gate
    running -= 1
    return writing(handling)
  }
  scene.start(counting('printer', handle, { retry: { attempts: 5, backoff: () => 10 } }))
  await scene.send([counted('a', 1), counted('b', 1), counted('a', 2)])
  await expectEffects(scene, { a: [1, 2] })
  expect(most).toBe(1)
})

test.each([
  ['undefined', undefined, '_OTHER'],
  ['a text', 'no', '_OTHER'],
  ['an enormous message', new RangeError('x'.repeat(5_000_000)), 'RangeError'],
  ['something without a text', Object.create(null), '_OTHER'],
])('a handler may throw %s', async (_, thrown, errorCode) => {
  scene.start(counting('printer', throwing(thrown), { retry: { attempts: 1 } }))
  await scene.send(manyCounted(['a', ...others], 30))
  await expectEffects(scene, { a: [1, 2], ...healthy })
  await expect.poll(parked, { timeout: 10_000 }).toMatchObject([{ key: 'a', errorCode }])
  expect((await parked())[0]?.cause?.length).toBeLessThanOrEqual(1_000)
})

test('a handler decides: not now, never, and not for us', async () => {
  const asked = new Set<number>()
  const handle = async (handling: Counting): Promise<Handled> => {
    const { n } = handling.event.data
    if (n === 2 && !asked.has(n)) {
      asked.add(n)
      await writing(handling)
      return retry('30ms')
    }
    if (n === 3) return skip('odd')
    if (n === 5) return deadLetter('unknown thing')
    return writing(handling)
  }
  scene.start(counting('printer', handle))
  await scene.send([...manyCounted(['a'], 6), counted('b', 1)])
  await expectEffects(scene, { a: [1, 2, 4], b: [1] })
  await expect.poll(parked, { timeout: 10_000 }).toMatchObject([{ key: 'a', errorCode: 'HANDLER_REFUSED' }])
  expect((await parked())[0]?.cause).toContain('unknown thing')
})

test('a mistaken answer of a handler parks the event', async () => {
  const handle = async (handling: Counting): Promise<Handled> => {
    await writing(handling)
    return JSON.parse('{ "evnets": [] }')
  }
  scene.start(counting('printer', handle))
  await scene.send([counted('a', 1)])
  await expect.poll(parked, { timeout: 10_000 }).toMatchObject([{ key: 'a', errorCode: 'HANDLER_ANSWER' }])
  expect(await scene.effects()).toEqual({})
})

test('transactions that deadlock are run again at once', async () => {
  const { database } = scene.db
  await database.query('create table accounts (id text primary key, n int not null default 0)')
  await database.query("insert into accounts values ('x'), ('y')")
  const add = 'update accounts set n = n + 1 where id = $1'
  const handle = async (handling: Counting): Promise<Handled> => {
    const { thing } = handling.event.data
    for (const id of thing === 'a' ? ['x', 'y'] : ['y', 'x']) await handling.tx.query(add, [id])
    return writing(handling)
  }
  scene.start(counting('printer', handle, { transaction: 'each' }))
  await scene.send(manyCounted(['a', 'b'], 15))
  await expectEffects(scene, { a: upTo(15), b: upTo(15) })
  expect((await database.query('select n from accounts order by id')).rows).toEqual([{ n: 30 }, { n: 30 }])
  expect(await parked()).toEqual([])
})
