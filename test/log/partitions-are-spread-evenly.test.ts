import { describe, expect, it } from 'vitest'
import { shareOf } from '../../src/log/subscriber/leases.ts'
import { spread } from '../../src/transport/spread.ts'

const parts = Array.from({ length: 16 }, (_, index) => index)
const suits = () => true

const spreadOver = (owners: readonly string[], before: ReadonlyMap<number, string> = new Map()) =>
  spread({ parts, owners, ownerOf: (part) => before.get(part), suits })

const loads = (target: ReadonlyMap<number, string>, owners: readonly string[]): readonly number[] =>
  owners.map((owner) => [...target.values()].filter((other) => other === owner).length)

const moved = (before: ReadonlyMap<number, string>, after: ReadonlyMap<number, string>): number =>
  parts.filter((part) => before.get(part) !== after.get(part)).length

describe('partitions in memory', () => {
  it.each([1, 2, 3, 5, 16, 20])('are spread over %i members as evenly as can be', (count) => {
    const owners = Array.from({ length: count }, (_, index) => `member-${index}`)
    const found = loads(spreadOver(owners), owners)
    expect(Math.max(...found) - Math.min(...found)).toBeLessThanOrEqual(1)
    expect(found.reduce((sum, load) => sum + load, 0)).toBe(16)
  })

  it('move no more than it takes when a member comes or goes', () => {
    const two = spreadOver(['a', 'b'])
    const three = spreadOver(['a', 'b', 'c'], two)
    expect(moved(two, three)).toBe(5)
    const again = spreadOver(['a', 'c'], three)
    expect(moved(three, again)).toBe(loads(three, ['b'])[0])
  })

  it('go only to members that want them', () => {
    const wants = (owner: string, part: number): boolean =>
      owner === 'all' || (owner === 'even' && part % 2 === 0)
    const target = spread({ parts, owners: ['all', 'even', 'none'], ownerOf: () => undefined, suits: wants })
    expect(parts.every((part) => wants(target.get(part) ?? '', part))).toBe(true)
    expect(loads(target, ['all', 'even', 'none'])).toEqual([8, 8, 0])
    expect(spread({ parts, owners: [], ownerOf: () => undefined, suits }).size).toBe(0)
  })
})

describe('the shares of instances', () => {
  it.each([
    [[0], 16],
    [[0, 1, 2], 16],
    [[1, 4, 7], 2],
    [[0, 2, 3, 9, 11], 13],
  ])('of %j add up to %i partitions, as even as can be', (instances, partitions) => {
    const found = instances.map((instance) => shareOf(instance, instances, partitions))
    expect(found.reduce((sum, share) => sum + share, 0)).toBe(partitions)
    expect(Math.max(...found) - Math.min(...found)).toBeLessThanOrEqual(1)
  })
})
