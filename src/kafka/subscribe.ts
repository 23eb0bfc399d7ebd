import { isOnewriteError, OnewriteError } from '../error/onewrite-error.ts'
import { pause } from '../lifecycle/pause.ts'
import { topicFault } from '../message/topic-fault.ts'
import { exponential } from '../retry/backoff.ts'
import type { Member, SubscribeOptions, Subscription } from '../transport/subscriber.ts'
import type { Client } from './client.ts'
import { MemberError } from './handover.ts'
import type { MembershipOptions } from './joined.ts'
import { type Membership, openMembership } from './membership.ts'
import type { KafkaConfig } from './options.ts'

const checkOptions = ({ group, topics = [] }: SubscribeOptions): readonly string[] => {
  const faults = topics.map(topicFault).filter((fault) => fault !== undefined)
  if (group === '') faults.push('group: empty')
  if (topics.length === 0) faults.push('topics: name at least one')
  if (faults.length > 0) throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') })
  return topics
}

type Told = Omit<MembershipOptions, 'group' | 'topics' | 'from' | 'member'>

interface Standing extends Told, Required<Pick<Subscription, 'health' | 'counts'>> {}

/** How a subscription is doing, whichever of its clients says so. */
const standing = (): Standing => {
  const counts = { rebalances: 0, refusals: 0, missed: 0 }
  let isJoined = false
  let trouble: string | undefined
  let gap: string | undefined

  const health = (): ReturnType<Standing['health']> => {
    if (trouble !== undefined) return { state: 'degraded', reason: trouble }
    if (!isJoined) return { state: 'starting', reason: 'joining the group' }
    return gap === undefined ? { state: 'up' } : { state: 'up', reason: gap }
  }
  return {
    rebalanced: () => {
      counts.rebalances += 1
      isJoined = true
    },
    refused: () => {
      counts.refusals += 1
    },
    missed: (count, where) => {
      counts.missed += count
      gap = `retention dropped records before they were read: ${where}`
    },
    troubled: (reason) => {
      trouble = reason
      if (reason === undefined) isJoined = true
    },
    health,
    counts: () => ({ ...counts }),
  }
}

/** One client's time in the group. Rejects with what ended it too early. */
const stay = async (membership: Membership, stopped: Promise<void>): Promise<void> => {
  try {
    await Promise.race([stopped, membership.failed])
  } catch (error) {
    await membership.abandon()
    throw error
  }
  await membership.leave()
}

/** What no further attempt changes. Everything else passes, or is mended at the brokers. */
const isFinal = (error: unknown): boolean =>
  isOnewriteError(error) && (error.code === 'KAFKA_CLIENT_MISSING' || error.code === 'INVALID_CONFIG')

/**
 * Stays in a group until it is stopped: whatever becomes of one client, the next one joins again.
 *
 * @throws INVALID_CONFIG
 */
export const subscribeGroup = (
  client: () => Client,
  config: KafkaConfig,
  subscribed: SubscribeOptions,
  member: Member,
): Subscription => {
  const { group, from = 'start' } = subscribed
  const topics = checkOptions(subscribed)
  const { health, counts, ...told } = standing()
  const options = { group, topics, from, member, ...told }
  const backoff = exponential('100ms', { max: '5s' })
  const stopping = new AbortController()
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true })
  })

  const run = async (): Promise<void> => {
    let failures = 0
    while (!stopping.signal.aborted) {
      try {
        const membership = await openMembership(client(), config, options)
        failures = 0
        await stay(membership, stopped)
      } catch (error) {
        if (error instanceof MemberError) throw error.cause
        if (isFinal(error)) throw error
        failures += 1
        const reason = error instanceof Error ? error.message : String(error)
        told.troubled(reason)
        config.logger.warn(
          { kafka: config.clientId, group, failures, error: reason },
          'joining the group again',
        )
        await pause(backoff(failures), stopping.signal)
      }
    }
  }
  const ended = run()
  ended.catch(() => undefined)

  return {
    ended,
    stop: () => {
      stopping.abort()
      return ended.catch(() => undefined)
    },
    health,
    counts,
  }
}
