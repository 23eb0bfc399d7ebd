import { lastHeader } from '../../src/message/header-list.ts'
import type { Assignment, Subscribing } from '../../src/transport/subscriber.ts'
import type { Placed } from './consumer-history.ts'

/** What an instance tells of a partition, as `received orders/3 17=id 18=id`. */
export type Report =
  | { readonly what: 'assigned' | 'revoked'; readonly partition: string }
  | { readonly what: 'received'; readonly partition: string; readonly records: readonly Placed[] }
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
    const ids = records.map((record) => `${record.offset}=${String(lastHeader(record.headers, 'ce_id'))}`)
    if (ids.length > 0) tell(`received ${assignment.name} ${ids.join(' ')}`)
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

const readPlaced =
  (partition: string) =>
  (text: string): Placed => {
    const [offset = '', id = ''] = text.split('=')
    return { partition, offset: BigInt(offset), id }
  }

export const readReport = (text: string): Report | undefined => {
  const [what, partition = '', ...rest] = text.split(' ')
  if (what === 'assigned' || what === 'revoked') return { what, partition }
  if (what === 'received') return { what, partition, records: rest.map(readPlaced(partition)) }
  return what === 'settled' ? { what, partition, to: BigInt(rest[0] ?? 0) } : undefined
}
