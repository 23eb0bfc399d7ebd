import { pause } from '../lifecycle/pause.ts'
import { exponential } from '../retry/backoff.ts'
import type { Member, SubscribeOptions, Subscription } from '../transport/subscriber.ts'
import type { Client } from './client.ts'
import { MemberError } from './holding.ts'
import { type Membership, openMembership } from './membership.ts'
import type { KafkaConfig } from './options.ts'

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Stays in a group until it is stopped: whatever becomes of one client, the next one joins again. */
export const subscribeGroup = (
  client: () => Client,
  config: KafkaConfig,
  { group, topics, from }: SubscribeOptions & { readonly topics: readonly string[] },
  member: Member,
): Subscription => {
  const { logger } = config
  const fields = { kafka: config.clientId, group }
  const stopping = new AbortController()
  const backoff = exponential('100ms', { max: '5s' })
  const counts = { rebalances: 0, refusals: 0, missed: 0 }
  let failures = 0
  let reason: string | undefined = 'joining the group'

  const options = {
    group,
    topics,
    from: from ?? 'start',
    member,
    rebalanced: () => {
      counts.rebalances += 1
      failures = 0
    },
    refused: () => {
      counts.refusals += 1
    },
    troubled: (why: string | undefined) => {
      reason = why
    },
  }
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const stay = async (membership: Membership): Promise<void> => {
    try {
      await Promise.race([stopped, membership.failed])
    } catch (error) {
      await membership.abandon()
      throw error
    }
    await membership.leave()
  }
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await stay(await openMembership(client(), config, options))
      } catch (error) {
        if (error instanceof MemberError) throw error.cause
        failures += 1
        reason = words(error)
        logger.warn({ ...fields, failures, error: reason }, 'the subscription failed and will go on')
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
    health: () => (reason === undefined ? { state: 'up' } : { state: 'degraded', reason }),
    counts: () => ({ ...counts }),
  }
}
