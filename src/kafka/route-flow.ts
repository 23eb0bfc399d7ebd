import { OnewriteError } from '../error/onewrite-error.ts'
import { pause } from '../lifecycle/pause.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import { exponential } from '../retry/backoff.ts'
import type { Assignment, DeliveredRecord } from '../transport/subscriber.ts'
import type { PlacedOffset } from './client.ts'

/** What becomes of a record: one, several or none; `topic` where it is not the one of the route. */
export type Routed = Omit<OutgoingRecord, 'topic'> & { readonly topic?: string }
export type RouteMap = (record: DeliveredRecord) => RoutedAnswer | Promise<RoutedAnswer>
type RoutedAnswer = Routed | readonly Routed[] | undefined

export interface RouteTarget {
  readonly name: string
  readonly to: string | undefined
  readonly map: RouteMap
}

/** A partition on its way through a route. */
export interface Flow {
  readonly assignment: Assignment
  /** Why its first record cannot be mapped; undefined where all goes well. */
  readonly trouble: OnewriteError | undefined
  /** Whether there is something to be done now. */
  readonly isReady: boolean
  /** Maps what was read, up to a record that cannot be mapped. */
  step(target: RouteTarget): Promise<FlowStep>
}

export interface FlowStep {
  readonly records: readonly OutgoingRecord[]
  /** Undefined where nothing could be mapped. */
  readonly offset: PlacedOffset | undefined
  /** To be called once the transaction is committed. */
  done(): void
}

const limits = { records: 500, bytes: 4 * 1024 * 1024 }

const answers = (answer: RoutedAnswer): readonly Routed[] => {
  if (answer === undefined) return []
  return isList(answer) ? answer : [answer]
}

const isList = (answer: Routed | readonly Routed[]): answer is readonly Routed[] => Array.isArray(answer)

const addressed = ({ name, to }: RouteTarget, routed: Routed): OutgoingRecord => {
  const topic = routed.topic ?? to
  if (topic !== undefined) return { ...routed, topic }
  throw new OnewriteError('INVALID_CONFIG', {
    faults: `route ${name}: neither \`to\` nor the record names a topic`,
  })
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const placeOf = ({ topic, partition, offset }: DeliveredRecord): string => `${topic}/${partition}@${offset}`

interface Mapped {
  readonly records: readonly OutgoingRecord[]
  readonly count: number
  readonly trouble: OnewriteError | undefined
}

const mapAll = async (target: RouteTarget, records: readonly DeliveredRecord[]): Promise<Mapped> => {
  const mapped: OutgoingRecord[] = []
  let count = 0
  for (const record of records) {
    try {
      const answer = answers(await target.map(record)).map((routed) => addressed(target, routed))
      mapped.push(...answer)
      count += 1
    } catch (error) {
      const parameters = { name: target.name, place: placeOf(record), cause: words(error) }
      return {
        records: mapped,
        count,
        trouble: new OnewriteError('ROUTE_WAITS', parameters, { cause: error }),
      }
    }
  }
  return { records: mapped, count, trouble: undefined }
}

/** Where a partition goes on after a record. */
const after = ({ topic, partition, offset }: DeliveredRecord): PlacedOffset => ({
  topic,
  partition,
  offset: Number(offset) + 1,
})

export interface FlowOptions {
  readonly assignment: Assignment
  /** Where it begins, where the group has committed nothing: to be committed before anything else. */
  readonly first: PlacedOffset | undefined
  /** There may be something to be done. */
  wake(): void
  /** The partition cannot be read. */
  failed(error: unknown): void
}

interface State {
  records: readonly DeliveredRecord[]
  first: PlacedOffset | undefined
  trouble: OnewriteError | undefined
  failures: number
  isWaiting: boolean
}

const backoff = exponential('500ms', { max: '60s' })

const pull = (state: State, { assignment, wake, failed }: FlowOptions): void => {
  assignment.next(limits).then((next) => {
    state.records = next
    wake()
  }, failed)
}

/** Until the record that cannot be mapped is tried again. */
const wait = (state: State, { assignment, wake }: FlowOptions): void => {
  state.failures += 1
  state.isWaiting = true
  void pause(backoff(state.failures), assignment.lost).then(() => {
    state.isWaiting = false
    wake()
  })
}

const step = async (state: State, options: FlowOptions, target: RouteTarget): Promise<FlowStep> => {
  const { first } = state
  if (first !== undefined) {
    const done = (): void => {
      state.first = undefined
    }
    return { records: [], offset: first, done }
  }
  const { records, count, trouble } = await mapAll(target, state.records)
  const last = state.records[count - 1]
  const done = (): void => {
    state.records = state.records.slice(count)
    if (count > 0) state.failures = 0
    state.trouble = trouble
    if (trouble === undefined) pull(state, options)
    else wait(state, options)
  }
  return { records, offset: last && after(last), done }
}

export const routeFlow = (options: FlowOptions): Flow => {
  const { first, assignment } = options
  const state: State = { records: [], first, trouble: undefined, failures: 0, isWaiting: false }
  pull(state, options)
  return {
    assignment,
    get trouble() {
      return state.trouble
    },
    get isReady() {
      return (state.first !== undefined || state.records.length > 0) && !state.isWaiting
    },
    step: (target) => step(state, options, target),
  }
}
