import { type Calls, clientCalls } from './call.ts'
import type { AdminHandle, Client, ConsumerHandle, GroupSettings } from './client.ts'
import { connectHandle, makeHandle } from './connect.ts'
import type { KafkaConfig } from './options.ts'
import { type ClientWatch, watchClient } from './watch-client.ts'

/** One native consumer, from its connection to its end. */
export interface Consumer {
  readonly handle: ConsumerHandle
  readonly admin: AdminHandle
  readonly calls: Calls
  readonly watch: ClientWatch
  /** Once no poll is under way. Partitions that it still has are taken from it meanwhile. Idempotent, never rejects. */
  close(): Promise<void>
}

/** How long a native call may go on after the close of its consumer. */
const lastCall = 15_000
/** Longer where no broker answers; the client then goes on leaving by itself. */
const disconnectTimeout = 5_000

const disconnect = async ({ handle, calls }: Pick<Consumer, 'handle' | 'calls'>): Promise<void> => {
  // Left as it is otherwise: a leak is better than the end of the process.
  if (!(await calls.settled(lastCall))) return
  await calls
    .call('disconnecting', disconnectTimeout, (callback) => handle.disconnect(callback))
    .catch(() => undefined)
}

/** @throws BROKER_UNREACHABLE, BROKER_AUTHENTICATION, INVALID_CONFIG */
export const openConsumer = async (
  client: Client,
  config: KafkaConfig,
  settings: GroupSettings,
): Promise<Consumer> => {
  const handle = makeHandle(client.KafkaConsumer, settings, config)
  const calls = clientCalls()
  const watch = watchClient(handle, config)
  try {
    await connectHandle(handle, calls, watch, config)
  } catch (error) {
    // Not awaited: the caller learns the reason now, the handle goes away when its call has ended.
    void disconnect({ handle, calls })
    throw error
  }
  let closed: Promise<void> | undefined
  return {
    handle,
    admin: client.AdminClient.createFrom(handle),
    calls,
    watch,
    close: () => {
      closed ??= disconnect({ handle, calls })
      return closed
    },
  }
}
