import type { Assignment, Member } from '../transport/subscriber.ts'
import type { PlacedOffset } from './client.ts'
import { type Flow, routeFlow } from './route-flow.ts'

/** Partitions on their way in one life of a route. */
export interface RouteStream {
  readonly flows: ReadonlyMap<string, Flow>
  readonly member: Member
  /** Rejects when a partition cannot be read. */
  readonly failed: Promise<never>
  /** Tells where partitions begin, by their names. */
  begin(position: (name: string) => number | undefined): void
  /** Resolves once there may be something to be done. */
  woken(): Promise<void>
  wake(): void
  /** A partition is given away between transactions only. */
  during(transaction: Promise<void>): Promise<void>
}

/** What a group commits that has committed nothing, so that `now` means the first time. */
const firstOffset = (
  { name, committed }: Assignment,
  offset: number | undefined,
): PlacedOffset | undefined => {
  if (committed !== undefined || offset === undefined) return undefined
  const slash = name.lastIndexOf('/')
  return { topic: name.slice(0, slash), partition: Number(name.slice(slash + 1)), offset }
}

const waking = () => {
  let wakened = false
  let tell: () => void = () => undefined
  return {
    wake: (): void => {
      wakened = true
      tell()
    },
    woken: async (): Promise<void> => {
      if (!wakened) {
        await new Promise<void>((resolve) => {
          tell = resolve
        })
      }
      wakened = false
    },
  }
}

export const routeStream = (): RouteStream => {
  const flows = new Map<string, Flow>()
  const { wake, woken } = waking()
  let current: Promise<void> = Promise.resolve()
  let position: (name: string) => number | undefined = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => undefined)

  const member: Member = {
    assigned: async (assignment) => {
      const { name } = assignment
      assignment.begin()
      const first = firstOffset(assignment, position(name))
      flows.set(name, routeFlow({ assignment, first, wake, failed: (error) => fail(error) }))
      wake()
    },
    revoked: async (assignment) => {
      if (flows.get(assignment.name)?.assignment === assignment) flows.delete(assignment.name)
      await current
    },
  }
  return {
    flows,
    member,
    failed,
    begin: (read) => {
      position = read
    },
    woken,
    wake,
    during: async (transaction) => {
      current = transaction.catch(() => undefined)
      await transaction
    },
  }
}
