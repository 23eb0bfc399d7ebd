import { expect, it } from 'vitest'
import type { OutgoingRecord } from '../../src/message/outgoing-record.ts'
import { inFlight } from '../../src/relay/in-flight.ts'

const batch = (bytes: number): OutgoingRecord[] => [
  { topic: 'accounts', key: 'a', value: 'x'.repeat(bytes), headers: {} },
]

/** A transport whose acknowledgements the test gives. */
const holding = () => {
  const waiting: { acknowledge(): void; refuse(reason: Error): void }[] = []
  const publish = (): Promise<void> =>
    new Promise((resolve, reject) => waiting.push({ acknowledge: resolve, refuse: reject }))
  return { waiting, publish }
}

/** Whether a promise has settled once everything that is ready has run. */
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false
  promise.then(
    () => {
      settled = true
    },
    () => {
      settled = true
    },
  )
  await new Promise(setImmediate)
  return settled
}

it('hands over the next batch before the one before is acknowledged', async () => {
  const { waiting, publish } = holding()
  const sending = inFlight(publish, 100_000)
  await sending.add(batch(1000))
  await sending.add(batch(1000))
  await sending.add(batch(1000))
  expect(waiting.length).toBe(3)
})

it('waits once the limit of bytes is on the way, and lets one batch pass however large', async () => {
  const { waiting, publish } = holding()
  const sending = inFlight(publish, 3000)
  await sending.add(batch(50_000))
  const second = sending.add(batch(1000))
  expect(await isSettled(second)).toBe(false)
  expect(waiting.length).toBe(1)
  waiting[0]?.acknowledge()
  await second
  expect(waiting.length).toBe(2)
})

it('is drained only when every batch is acknowledged, and rejects with the first refusal', async () => {
  const { waiting, publish } = holding()
  const sending = inFlight(publish, 100_000)
  await sending.add(batch(10))
  await sending.add(batch(10))
  const drained = sending.drain()
  waiting[0]?.acknowledge()
  expect(await isSettled(drained)).toBe(false)
  waiting[1]?.refuse(new Error('refused'))
  await expect(drained).rejects.toThrow('refused')
})
