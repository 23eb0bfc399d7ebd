import type { Assignment, Subscribing } from '../../src/transport/subscriber.ts'

/** What an instance tells of a partition, as `received orders/3 17 25`. */
export type Report =
  | { readonly what: 'assigned' | 'revoked'; readonly partition: string }
  /** First and last offset of what was handed out. */
  | { readonly what: 'received'; readonly partition: string; readonly from: bigint; readonly to: bigint }
  | { readonly what: 'settled'; readonly partition: string; readonly to: bigint }

type Tell = (text: string) => void

const reportedAssignment = (assignment: Assignment, tell: Tell): Assignment => ({
  name: assignment.name,
  committed: assignment.committed,
  lost: assignment.lost,
  get end() {
    return assignment.end
  },
  begin: (from) => assignment.begin(from),
  next: async (limits) => {
    const records = await assignment.next(limits)
    const [first, last] = [records[0], records.at(-1)]
    if (first !== undefined) tell(`received ${assignment.name} ${first.offset} ${last?.offset}`)
    return records
  },
  settle: (next) => {
    tell(`settled ${assignment.name} ${next}`)
    assignment.settle(next)
  },
})

/** The same transport, and what it does is told. */
export const reported = (subscribing: Subscribing, tell: Tell): Subscribing => ({
  subscribe: (options, member) => {
    const given = new Map<Assignment, Assignment>()
    return subscribing.subscribe(options, {
      assigned: (assignment) => {
        const watched = reportedAssignment(assignment, tell)
        given.set(assignment, watched)
        tell(`assigned ${assignment.name}`)
        return member.assigned(watched)
      },
      revoked: async (assignment) => {
        tell(`revoked ${assignment.name}`)
        await member.revoked(given.get(assignment) ?? assignment)
        given.delete(assignment)
      },
    })
  },
})

export const readReport = (text: string): Report | undefined => {
  const [what, partition = '', from = '0', to = '0'] = text.split(' ')
  if (what === 'assigned' || what === 'revoked') return { what, partition }
  if (what === 'received') return { what, partition, from: BigInt(from), to: BigInt(to) }
  return what === 'settled' ? { what, partition, to: BigInt(from) } : undefined
}
