import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'

/** The broker that all tests of this run share. */
export const brokers = (): string => {
  const provided = inject('kafkaBrokers')
  if (provided !== undefined) return provided
  throw new Error('a test that uses Kafka is named *.kafka.test.ts')
}

/** A topic name that no other test uses. It is not created: the broker creates no topic on its own. */
export const uniqueTopic = (name: string): string => `${name}-${randomUUID().slice(0, 8)}`
