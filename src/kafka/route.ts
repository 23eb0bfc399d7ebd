import { randomUUID } from 'node:crypto'
import { OnewriteError } from '../error/onewrite-error.ts'
import { type Loop, loop, type Report } from '../lifecycle/loop.ts'
import { pause } from '../lifecycle/pause.ts'
import { topicFault } from '../message/topic-fault.ts'
import { exponential } from '../retry/backoff.ts'
import { type Client, loadClient } from './client.ts'
import type { MembershipOptions } from './joined.ts'
import { type Membership, openMembership } from './membership.ts'
import type { KafkaConfig, KafkaOptions } from './options.ts'
import { readOptions } from './read-options.ts'
import type { Flow, RouteMap, RouteTarget } from './route-flow.ts'
import { NotCommitted, openRouteProducer, type RouteProducer } from './route-producer.ts'
import { type RouteStream, routeStream } from './route-stream.ts'

export interface RouteOptions {
  /** Name of the group; instances of one name share the work. */
  readonly name: string
  /**
   * Tells the instances apart, and stays the same when one starts again: what it left open is then given up at once,
   * and not after the transaction timeout. Default: a new one at each start.
   */
  readonly instance?: string
  readonly kafka: KafkaOptions
  readonly from: string | readonly string[]
  /** Topic of the records that `map` answers, where they do not name one. */
  readonly to?: string
  /**
   * What becomes of a record: one record, several, or undefined for none. Called again for the same record after a
   * fault, so it should do nothing else. A throw holds the partition at this record, and is tried again.
   */
  readonly map: RouteMap
  /** Where it begins the first time. Default `start`. */
  readonly begin?: 'start' | 'now'
}

/** Transactions take milliseconds; one that its instance left open holds back readers for as long as this. */
const longestTransaction = 10_000

const names = /^[A-Za-z0-9._-]{1,200}$/

const faultsOf = ({ name, instance, from, to, map }: RouteOptions): readonly string[] => {
  const topics = [from].flat()
  const bad = [...topics, ...(to === undefined ? [] : [to])].map(topicFault)
  return [
    ...(names.test(name) ? [] : ['name: letters, digits, . _ and - only, 1 to 200 characters']),
    ...(instance === undefined || names.test(instance) ? [] : ['instance: letters, digits, . _ and - only']),
    ...(topics.length === 0 ? ['from: name at least one topic'] : []),
    ...bad.filter((fault) => fault !== undefined),
    ...(to !== undefined && topics.includes(to) ? [`to: ${to} is among those that are read`] : []),
    ...(typeof map === 'function' ? [] : ['map: not a function']),
  ]
}

interface Routing {
  readonly client: Client
  readonly config: KafkaConfig
  readonly target: RouteTarget
  readonly membership: Pick<MembershipOptions, 'group' | 'topics' | 'from'>
  readonly transactionalId: string
}

interface Life {
  readonly routing: Routing
  readonly stream: RouteStream
  readonly membership: Membership
  /** Tells how it is. */
  tell(): void
}

/** What is wrong with a partition comes before what is wrong with the brokers. */
const telling = ({ flows }: RouteStream, report: Report) => {
  let trouble: string | undefined
  const tell = (): void => {
    const stuck = [...flows.values()].find((flow) => flow.trouble !== undefined)?.trouble
    const reason = stuck?.message ?? trouble
    if (reason === undefined) report('up')
    else report('degraded', reason)
  }
  const troubled = (reason: string | undefined): void => {
    trouble = reason
    tell()
  }
  return { tell, troubled }
}

/** One transaction of all that is ready. */
const move = async (
  { routing, membership }: Life,
  producer: RouteProducer,
  ready: readonly Flow[],
): Promise<void> => {
  const steps = await Promise.all(ready.map((flow) => flow.step(routing.target)))
  const offsets = steps.flatMap(({ offset }) => offset ?? [])
  const records = steps.flatMap((step) => step.records)
  const assertOurs = (): void => {
    const isLost = membership.isLost() || ready.some(({ assignment }) => assignment.lost.aborted)
    if (isLost) throw new OnewriteError('FENCED', { name: routing.target.name })
  }
  if (offsets.length > 0) await producer.write({ records, offsets, consumer: membership.handle, assertOurs })
  for (const { done } of steps) done()
}

const pump = async (life: Life, producer: RouteProducer, signal: AbortSignal): Promise<void> => {
  const { flows, woken, during } = life.stream
  while (!signal.aborted) {
    const ready = [...flows.values()].filter(({ isReady }) => isReady)
    if (ready.length === 0) await woken()
    else {
      await during(move(life, producer, ready))
      life.tell()
    }
  }
}

/** With one producer after the other, while it is certain that what the last one wrote was not committed. */
const pumpOn = async (
  life: Life,
  first: RouteProducer,
  signal: AbortSignal,
  report: Report,
): Promise<void> => {
  const { client, config, transactionalId } = life.routing
  const backoff = exponential('100ms', { max: '5s' })
  let producer = first
  for (let failures = 1; ; failures++) {
    try {
      return await pump(life, producer, signal)
    } catch (error) {
      if (!(error instanceof NotCommitted) || signal.aborted) throw error
      report('degraded', error.message)
    } finally {
      await producer.close()
    }
    await pause(backoff(failures), signal)
    producer = await openRouteProducer(client, config, transactionalId)
  }
}

/**
 * Its own producer and its own membership: what is not certain ends both, and the next life reads again from what the
 * group committed. The producer comes first: with it the last transaction of this instance is decided.
 */
const live = async (routing: Routing, signal: AbortSignal, report: Report): Promise<void> => {
  const { client, config, transactionalId } = routing
  const over = new AbortController()
  const producer = await openRouteProducer(client, config, transactionalId)
  const stream = routeStream()
  const { tell, troubled } = telling(stream, report)
  const opened = openMembership(client, config, {
    ...routing.membership,
    member: stream.member,
    commits: false,
    rebalanced: tell,
    refused: () => undefined,
    missed: () => undefined,
    troubled,
  })
  const membership = await opened.catch(async (error: unknown) => {
    await producer.close()
    throw error
  })
  stream.begin(membership.position)
  const stop = AbortSignal.any([signal, over.signal])
  stop.addEventListener('abort', stream.wake, { once: true })
  const pumped = pumpOn({ routing, stream, membership, tell }, producer, stop, report)
  try {
    await Promise.race([pumped, membership.failed, stream.failed])
    await membership.leave()
  } catch (error) {
    over.abort()
    // A transaction under way uses the membership: it ends first.
    await pumped.catch(() => undefined)
    await membership.abandon()
    throw error
  }
}

/**
 * Copies records from topics to topics of the same Kafka, exactly once: what is written and how far was read go into
 * one Kafka transaction. Filters, changes keys, splits.
 *
 * @throws INVALID_CONFIG, naming every fault
 */
export const route = (options: RouteOptions): Loop => {
  const faults = faultsOf(options)
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
  const { name, instance = randomUUID(), from, to, map, begin = 'start' } = options
  const given = readOptions(options.kafka)
  const config = { ...given, transactionTimeout: Math.min(given.transactionTimeout, longestTransaction) }
  const topics = [from].flat()
  return loop({
    name: `route ${name}`,
    logger: config.logger,
    run: (signal, report) =>
      live(
        {
          client: loadClient(),
          config,
          target: { name, to, map },
          membership: { group: name, topics, from: begin },
          transactionalId: `${name}.${instance}`,
        },
        signal,
        report,
      ),
  })
}
