import type { Assignment, DeliveredRecord, Subscribing } from '../../../src/transport/subscriber.ts'

/** Tells when the first record arrives: joining a group is no part of what is measured. */
export const tellingFirst = (subscribing: Subscribing, arrived: () => void): Subscribing => {
  const watch = (assignment: Assignment): Assignment => {
    const next = async (limits: Parameters<Assignment['next']>[0]): Promise<readonly DeliveredRecord[]> => {
      const records = await assignment.next(limits)
      if (records.length > 0) arrived()
      return records
    }
    // What it knows of itself changes while it is read.
    return Object.assign(Object.create(assignment), { next })
  }
  return {
    subscribe: (options, member) => {
      const watched = new Map<string, Assignment>()
      return subscribing.subscribe(options, {
        assigned: (assignment) => {
          const one = watch(assignment)
          watched.set(assignment.name, one)
          return member.assigned(one)
        },
        revoked: async (assignment) => {
          await member.revoked(watched.get(assignment.name) ?? assignment)
          watched.delete(assignment.name)
        },
      })
    },
  }
}

/** A clock that the first call of `start` starts. */
export const stopwatch = () => {
  let from: number | undefined
  let cpu = process.cpuUsage()
  return {
    start: (): void => {
      if (from !== undefined) return
      from = performance.now()
      cpu = process.cpuUsage()
    },
    seconds: (): number => (performance.now() - (from ?? Number.NaN)) / 1000,
    get cpu() {
      return cpu
    },
  }
}
