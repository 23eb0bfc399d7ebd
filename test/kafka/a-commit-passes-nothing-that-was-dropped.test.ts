import { expect, it } from 'vitest'
import { type HeldPartition, heldPartition } from '../../src/kafka/held-partition.ts'

const place = { topic: 'orders', partition: 0 }
const limits = { records: 100, bytes: 1_000_000 }

const message = (offset: number) => ({
  ...place,
  ...{ offset, size: 1, key: null, value: Buffer.from('1'), headers: [], timestamp: 1 },
})

/** Ten records were handed out; the member still works on them. */
const begun = async (): Promise<HeldPartition> => {
  const calls = { begun: () => undefined, asked: () => undefined }
  const partition = heldPartition({ place, committed: 0, otherwise: 0 }, calls)
  partition.assignment.begin()
  for (let offset = 0; offset < 10; offset += 1) partition.add(message(offset))
  expect(await partition.assignment.next(limits)).toHaveLength(10)
  return partition
}

it('commits the markers behind the last record once that is settled', async () => {
  const partition = await begun()
  partition.reached(12)
  expect(partition.uncommitted).toBeUndefined()
  partition.assignment.settle(10n)
  expect(partition.uncommitted).toBe(12)
})

it.each<[string, (partition: HeldPartition) => void]>([
  [
    'the client says where the end is, then hands over',
    (partition) => {
      partition.close()
      partition.reached(15)
      partition.add(message(10))
    },
  ],
  [
    'the client has said where the end is before',
    (partition) => {
      partition.reached(15)
      partition.close()
      partition.add(message(10))
    },
  ],
  [
    'the client hands over, then says where the end is',
    (partition) => {
      partition.close()
      partition.add(message(10))
      partition.reached(15)
    },
  ],
])('passes no record that came while the partition was given back: %s', async (_, happen) => {
  const partition = await begun()
  happen(partition)
  partition.assignment.settle(10n)
  expect(partition.uncommitted).toBe(10)
})
