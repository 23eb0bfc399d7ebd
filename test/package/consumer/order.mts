import { append, type Database, event, newId, service, VersionConflictError } from 'onewrite'
import { kafka } from 'onewrite/kafka'
import { migrate, pgDatabase } from 'onewrite/postgres'
import * as telemetry from 'onewrite/telemetry'
import { publishingContract } from 'onewrite/testing'
import { memory, type Transport } from 'onewrite/transport'
import { z } from 'zod'

const OrderCreated = event('order.created', {
  aggregate: 'order',
  id: (data) => data.orderId,
  data: z.object({ orderId: z.uuid(), total: z.string() }),
})

export const createOrder = async (database: Database, total: string): Promise<string> => {
  const orderId = newId()
  await database.transaction((tx) => append(tx, [OrderCreated({ orderId, total })]))
  return orderId
}

export const transports: readonly Transport[] = [memory(), kafka({ brokers: ['localhost:9092'] })]
export const isConflict = (error: unknown): boolean => error instanceof VersionConflictError

export const start = async (url: string): Promise<void> => {
  const database = pgDatabase({ url })
  await migrate(database)
  await database.close()
  const running = await service({ name: 'orders', database: url }).start()
  await running.stop()
}

// @ts-expect-error the total is a string
OrderCreated({ orderId: newId(), total: 29.9 })

export const names = [...Object.keys(telemetry), ...publishingContract.map(({ name }) => name)]
