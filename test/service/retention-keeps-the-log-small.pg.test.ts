import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { silentLogger } from '../../src/lifecycle/logger.ts'
import { append } from '../../src/log/append.ts'
import { createPartitions } from '../../src/log/partitions.ts'
import { grantRoles } from '../../src/postgres/roles.ts'
import { type RunningService, service } from '../../src/service/service.ts'
import type { ServiceOptions } from '../../src/service/service-options.ts'
import { goTo, nameOf, partitionNames, useSmallPartitions } from '../log/small-partitions.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { OrderPlaced, placed } from '../support/order-placed.ts'

let fresh: TestDatabase
let app: RunningService | undefined

const start = async (options: Partial<ServiceOptions>): Promise<void> => {
  app = await service({ name: 'orders', database: fresh.url, events: [OrderPlaced], ...options }).start()
}

const stateOf = (name: string) => app?.health().parts.find((part) => part.name === name)

beforeEach(async () => {
  fresh = await freshDatabase()
  const { database } = fresh
  await useSmallPartitions(database)
  await createPartitions(database, 1)
  const occurredAt = new Date(Date.now() - 3_600_000)
  await database.transaction((tx) => append(tx, [OrderPlaced({ orderId: 'order-1' }, { occurredAt })]))
  await goTo(database, 1001)
  await database.transaction((tx) => append(tx, placed('order-1')))
})

afterEach(async () => {
  await app?.stop()
  app = undefined
})

it('is off unless it is asked for', async () => {
  await start({})
  expect(stateOf('retention')).toBeUndefined()
  await app?.stop()
  await start({ retention: 'forever' })
  expect(stateOf('retention')).toBeUndefined()
  expect(await partitionNames(fresh.database)).toContain(nameOf(1))
})

it('drops what is old enough', async () => {
  await start({ retention: { after: '30m' } })
  expect(stateOf('retention')).toEqual({ name: 'retention', state: 'up' })
  expect(await partitionNames(fresh.database)).not.toContain(nameOf(1))
})

it('names in the log a reader that keeps it from doing so', async () => {
  await fresh.database.query("insert into onewrite.checkpoints values ('group/gone', 0, 1)")
  const warn = vi.fn()
  await start({ retention: { after: '30m' }, logger: { ...silentLogger, warn } })
  expect(warn).toHaveBeenCalledWith(
    { readers: ['group/gone'] },
    'retention keeps old events for readers that have not passed them',
  )
  expect(await partitionNames(fresh.database)).toContain(nameOf(1))
})

it('says once that its role may not drop partitions, and that it is not well', async () => {
  const role = `small_${process.pid}`
  await fresh.database.query(`create role ${role} login`)
  await grantRoles(fresh.database, { writer: role, relay: role })
  const url = new URL(fresh.url)
  url.username = role
  const error = vi.fn()
  await start({
    database: url.href,
    migrate: false,
    retention: { after: '30m' },
    logger: { ...silentLogger, error },
  })
  expect(stateOf('retention')).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('may not drop partitions'),
  })
  expect(error).toHaveBeenCalledTimes(1)
  await app?.stop()
  await fresh.database.query(`drop owned by ${role}`)
  await fresh.database.query(`drop role ${role}`)
})
