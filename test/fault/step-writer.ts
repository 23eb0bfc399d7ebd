import { setTimeout as wait } from 'node:timers/promises'
import type { NewEvent } from '../../src/message/new-event.ts'
import { newId } from '../../src/message/new-id.ts'
import type { Written } from './consumer-history.ts'
import { type Dice, dice } from './seed.ts'
import { causesAnother, type StepData, stepTaken } from './steps.ts'

/** One in fifty keys holds poisoned events. */
export const walks = 200
/** Its poisoned events wait until all others are done with. */
export const keptWalk = 'walk-1'
/** Those of the others are mended as time goes on. */
export const poisonedWalks: ReadonlySet<string> = new Set([keptWalk, 'walk-2', 'walk-3', 'walk-4'])

const isPoisoned = (walk: string, number: number): boolean => poisonedWalks.has(walk) && number % 12 === 3

/** Where steps are written: to a topic, or to the log. */
export interface StepSink {
  /** Rejects where it is not sure that they were written; the same call is made again then. */
  write(steps: readonly NewEvent<string, StepData>[]): Promise<void>
  /** Whether an event may be written again. */
  readonly repeats: boolean
  close(): Promise<void>
}

export interface StepWriter {
  readonly written: readonly Written[]
  /** Ids of those that cause another event. */
  readonly causing: readonly string[]
  readonly poisoned: ReadonlySet<string>
  /** Events that were written again on purpose. */
  readonly repeated: () => number
  /** Resolves once everything begun was acknowledged. */
  stop(): Promise<void>
}

export interface StepWriterOptions {
  readonly seed: number
  readonly topic: string
  readonly sink: StepSink
  /** Of one call; about ten calls a second. */
  readonly most: number
}

type Step = NewEvent<string, StepData>

/** Walks that hold poisoned events take more steps than others, so that there is something to park. */
const drawWalk = (random: Dice): string =>
  random.chance(0.08) ? random.pick([...poisonedWalks]) : `walk-${random.between(1, walks)}`

const drawSteps = (random: Dice, numbers: Map<string, number>, { topic, most }: StepWriterOptions) => {
  const StepTaken = stepTaken(topic)
  return Array.from({ length: random.between(1, most) }, (): Step => {
    const walk = drawWalk(random)
    const number = (numbers.get(walk) ?? 0) + 1
    numbers.set(walk, number)
    const failures = random.chance(0.03) ? random.between(1, 3) : 0
    const poisoned = isPoisoned(walk, number)
    return StepTaken({ walk, number, failures, poisoned }, { id: newId() })
  })
}

const insist = async (sink: StepSink, steps: readonly Step[]): Promise<void> => {
  for (;;) {
    try {
      return await sink.write(steps)
    } catch {
      await wait(100)
    }
  }
}

/** Writes steps of all walks, each once or, where the sink allows it, now and then once more. */
export const startStepWriter = (options: StepWriterOptions): StepWriter => {
  const { seed, sink } = options
  const random = dice(seed)
  const numbers = new Map<string, number>()
  const [written, causing, earlier]: [Written[], string[], Step[]] = [[], [], []]
  const poisoned = new Set<string>()
  let [stopped, repeated] = [false, 0]
  const write = async (): Promise<void> => {
    while (!stopped) {
      const steps = drawSteps(random, numbers, options)
      const again = sink.repeats && earlier.length > 0 && random.chance(0.2) ? [random.pick(earlier)] : []
      await insist(sink, [...steps, ...again])
      repeated += again.length
      earlier.push(...steps)
      for (const { id, data } of steps) {
        written.push({ id, key: data.walk, number: data.number })
        if (causesAnother(data)) causing.push(id)
        if (data.poisoned) poisoned.add(id)
      }
      await wait(random.between(50, 150))
    }
  }
  const running = write()
  return {
    written,
    causing,
    poisoned,
    repeated: () => repeated,
    stop: async () => {
      stopped = true
      await running
    },
  }
}
