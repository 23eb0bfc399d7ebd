import { isOnewriteError } from '../error/onewrite-error.ts'
import { silentLogger } from '../lifecycle/logger.ts'
import { type Loop, loop, type Report } from '../lifecycle/loop.ts'
import { pause } from '../lifecycle/pause.ts'
import { ownerName } from '../postgres/lead.ts'
import { consume } from './consume.ts'
import type { Context } from './context.ts'
import { remembering } from './inbox/remembering.ts'
import { receiver } from './message/receive.ts'
import { notifications } from './notifications.ts'
import { registerConsumer } from './register-consumer.ts'
import { loadRetries } from './retries.ts'
import type { RunOptions } from './run-options.ts'
import { consumerWatch } from './watch.ts'

const contextOf = async (options: RunOptions): Promise<Context> => {
  const { consumer, database, publishing = false, recorded, logger = silentLogger } = options
  const { name, plan } = consumer
  const id = await registerConsumer(database, name)
  const noting = plan.notifications ? notifications({ database, consumer: id, logger }) : undefined
  const reader = `consumer/${name}`
  return {
    ...{ consumer, id, reader, database, logger, publishing },
    retries: new Map(await loadRetries(database, id)),
    stragglers: new Map(),
    collisions: new Map(),
    firstFilter: plan.firstFilter && (await remembering(database, plan.firstFilter, { id, name })),
    watch: consumerWatch({ name, reader, database, plan, logger, notifications: noting }),
    recorded: recorded ?? (() => undefined),
  }
}

/** Stopped by its policy: nothing changes before a person did something and started it again. */
const stayDown = async (error: unknown, stop: AbortSignal, report: Report): Promise<void> => {
  if (!isOnewriteError(error, 'CONSUMER_STOPPED')) throw error
  report('down', error.message)
  while (!stop.aborted) await pause(Number.MAX_SAFE_INTEGER, stop)
}

/** Runs one instance of a consumer. Instances share the work; each event takes effect once, in the order of its key. */
export const runConsumer = (options: RunOptions): Loop => {
  const { consumer, logger = silentLogger } = options
  const owner = ownerName()
  const receive = receiver(consumer.handlers)
  return loop({
    name: `consumer ${consumer.name}`,
    logger,
    run: async (stop, report) => {
      const context = await contextOf(options)
      try {
        await consume({ ...options, context, receive, owner }, stop, report)
      } catch (error) {
        await stayDown(error, stop, report)
      } finally {
        await context.watch.close()
      }
    },
  })
}
