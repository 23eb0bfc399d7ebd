import assert from 'node:assert/strict'
import type { ContractCase } from './contract-case.ts'
import { ledger, readPartitions } from './partition-reader.ts'
import { outgoing, type SilenceFixture, texts } from './subscribing-fixture.ts'
import { until } from './until.ts'

/** The ledger tells where somebody else had a partition before it was lost here. */
const loses = async (fixture: SilenceFixture): Promise<void> => {
  const topic = await fixture.createTopic()
  const written = ledger()
  const group = { group: fixture.uniqueName('group'), topics: [topic], ledger: written }
  const cut = await fixture.open()
  await fixture.send(outgoing(topic, 80, 40))
  const first = readPartitions(cut.subscribing, group)
  const second = readPartitions(fixture.subscribing, group)
  try {
    await until(() => first.held.size > 0 && second.held.size > 0, 'each to have a partition')
    await until(() => written.deliveries.length >= 80, '80 records')
    const lost = [...first.held.values()]
    const names = lost.map(({ name }) => name)
    cut.silence()
    await until(() => names.every((name) => second.held.has(name)), 'the other to have all')
    assert.ok(lost.every((assignment) => assignment.lost.aborted))
    const before = second.records.length
    // What it thinks it has dealt with does not move what the group has.
    for (const assignment of lost) assignment.settle(assignment.end ?? 1_000_000_000n)
    await fixture.send(outgoing(topic, 80, 40, 80))
    const numbers = (): Set<string> => new Set(texts(second.records.slice(before)))
    const all = outgoing(topic, 80, 40, 80).map(({ value }) => String(value))
    await until(() => all.every((value) => numbers().has(value)), 'what was sent since')
    assert.deepEqual(written.faults, [])
  } finally {
    await Promise.all([cut.close(), second.stop()])
  }
}

export const silenceCases: readonly ContractCase<SilenceFixture>[] = [
  { name: 'an instance that falls silent loses its partitions before another one has them', run: loses },
]
