import { z } from 'zod'
import { event } from '../../src/message/event.ts'

/** What a handler of the consumers under test is told to do. */
export interface StepData {
  readonly walk: string
  /** Within the walk, from 1, without gaps. */
  readonly number: number
  /** How many attempts fail for a reason that passes. */
  readonly failures: number
  /** Whether it fails for good until a person has mended it. */
  readonly poisoned: boolean
}

const StepShape = z.object({
  walk: z.string(),
  number: z.number(),
  failures: z.number(),
  poisoned: z.boolean(),
})

/** The event that consumers under test handle. */
export const stepTaken = (topic: string) =>
  event('step.taken', { aggregate: 'walk', id: ({ walk }) => walk, data: StepShape, topic })

/** The event that every tenth causes. */
export const StepSeen = event('step.seen', {
  aggregate: 'watch',
  id: ({ walk }) => `watch of ${walk}`,
  data: z.object({ walk: z.string(), cause: z.string() }),
})

export const causesAnother = ({ number }: StepData): boolean => number % 10 === 0
