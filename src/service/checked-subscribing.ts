import type { ConsumerPlan } from '../consumer/consumer.ts'
import { OnewriteError } from '../error/onewrite-error.ts'
import { durationText } from '../retry/duration.ts'
import type {
  Member,
  SubscribeOptions,
  Subscribing,
  Subscription,
  TopicRetention,
} from '../transport/subscriber.ts'

type Relevant = Pick<ConsumerPlan, 'inboxWindow' | 'acceptRepeats' | 'retryFor'>

/**
 * A record can come again for as long as its topic keeps it, so it has to be remembered for as long. And it must not go
 * while it is still being tried: its offset is not settled then, and after a restart nobody could read it.
 */
const faultsOf = (
  { inboxWindow, acceptRepeats, retryFor }: Relevant,
  { topic, keeps }: TopicRetention,
): readonly string[] => {
  const kept = keeps === Number.POSITIVE_INFINITY ? 'for ever' : `for ${durationText(keeps)}`
  const forgets =
    `topic ${topic} keeps records ${kept}, and inbox.window is ${durationText(inboxWindow)}: ` +
    'read again, older events would take effect again (inbox.acceptRepeats allows it)'
  const loses =
    `topic ${topic} keeps records ${kept}, and retry.for is ${durationText(retryFor)}: ` +
    'an event could be gone before its last attempt'
  return [
    ...(keeps > inboxWindow && !acceptRepeats ? [forgets] : []),
    ...(Number.isFinite(retryFor) && keeps < retryFor ? [loses] : []),
  ]
}

export interface CheckedSubscribing extends Subscribing {
  /** @throws RETENTION_MISMATCH, or what kept the transport from answering */
  check(topics: readonly string[]): Promise<void>
}

/**
 * Subscribes only where what the topics keep agrees with what a consumer remembers, and after `prepare`. Done anew at
 * each subscription; where it fails that ends with the reason, and the consumer tries again.
 */
export const checkedSubscribing = (
  subscribing: Subscribing,
  { name, plan }: { readonly name: string; readonly plan: Relevant },
  prepare: () => Promise<void>,
): CheckedSubscribing => {
  const check = async (topics: readonly string[]): Promise<void> => {
    const found = (await subscribing.retention?.(topics)) ?? []
    const faults = found.flatMap((topic) => faultsOf(plan, topic))
    if (faults.length > 0) throw new OnewriteError('RETENTION_MISMATCH', { name, faults: faults.join('; ') })
  }

  const subscribe = (options: SubscribeOptions, member: Member): Subscription => {
    let stopped = false
    let inner: Subscription | undefined
    const opened = check(options.topics ?? [])
      .then(prepare)
      .then(() => {
        if (!stopped) inner = subscribing.subscribe(options, member)
      })
    const ended = opened.then(() => inner?.ended)
    // Whoever holds the subscription hears of it; nobody else has to.
    ended.catch(() => undefined)
    return {
      ended,
      stop: async () => {
        stopped = true
        await opened.catch(() => undefined)
        await inner?.stop()
      },
      health: () => inner?.health?.() ?? { state: 'up' },
      counts: () => inner?.counts?.() ?? { rebalances: 0, refusals: 0, missed: 0 },
    }
  }

  return { check, subscribe }
}
