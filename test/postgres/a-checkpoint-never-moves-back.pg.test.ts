import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { readCheckpoint, saveCheckpoint, takeCheckpoint } from '../../src/postgres/checkpoint.ts'
import type { Database } from '../../src/postgres/database.ts'
import { freshDatabase } from '../support/database.ts'

let database: Database

beforeAll(async () => {
  database = (await freshDatabase()).database
})

it('is absent, then 0 for the one who takes it, then where it was saved', async () => {
  const name = 'relay/orders'
  expect(await readCheckpoint(database, name)).toBeUndefined()
  expect(await takeCheckpoint(database, { name, token: 1n })).toBe(0n)
  expect(await saveCheckpoint(database, { name, position: 9_007_199_254_740_993n, token: 1n })).toBe(
    9_007_199_254_740_993n,
  )
  expect(await readCheckpoint(database, name)).toEqual({ position: 9_007_199_254_740_993n, token: 1n })
})

it('stays where it is when an older position is saved late', async () => {
  await saveCheckpoint(database, { name: 'late', position: 10n, token: 1n })
  expect(await saveCheckpoint(database, { name: 'late', position: 4n, token: 1n })).toBe(10n)
})

it('is closed to the former owner from the moment a new one takes it', async () => {
  const name = 'group/printer'
  await saveCheckpoint(database, { name, position: 10n, token: 1n })
  expect(await takeCheckpoint(database, { name, token: 2n })).toBe(10n)
  const zombie = saveCheckpoint(database, { name, position: 12n, token: 1n })
  await expect(zombie).rejects.toMatchObject({ code: 'FENCED', parameters: { name } })
  expect(await readCheckpoint(database, name)).toEqual({ position: 10n, token: 2n })
})

it('takes the effects of a fenced owner down with it', async () => {
  await database.query('create table effects (id int)')
  await takeCheckpoint(database, { name: 'effects', token: 2n })
  const zombie = database.transaction(async (tx) => {
    await tx.query('insert into effects values (1)')
    await saveCheckpoint(tx, { name: 'effects', position: 1n, token: 1n })
  })
  await expect(zombie).rejects.toMatchObject({ code: 'FENCED' })
  expect((await database.query('select from effects')).rowCount).toBe(0)
})

it('is the greatest position any valid owner saved, whatever the order of saves', async () => {
  let run = 0
  const save = fc.record({ position: fc.bigInt(0n, 50n), token: fc.bigInt(1n, 4n) })
  await fc.assert(
    fc.asyncProperty(fc.array(save, { minLength: 1, maxLength: 15 }), async (saves) => {
      const name = `model ${++run}`
      let model = { position: 0n, token: 0n }
      for (const { position, token } of saves) {
        const saving = saveCheckpoint(database, { name, position, token })
        if (token < model.token) await expect(saving).rejects.toMatchObject({ code: 'FENCED' })
        else {
          model = { ...model, token }
          if (position > model.position) model = { position, token }
          expect(await saving).toBe(model.position)
        }
      }
      expect(await readCheckpoint(database, name)).toEqual(model)
    }),
    { numRuns: 40 },
  )
})
