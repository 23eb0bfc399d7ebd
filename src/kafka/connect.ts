import { OnewriteError } from '../error/onewrite-error.ts'
import type { Calls } from './call.ts'
import type { Callback, ClientSettings, Metadata } from './client.ts'
import type { KafkaConfig } from './options.ts'
import { redaction } from './redact.ts'
import type { ClientWatch } from './watch-client.ts'

interface Connectable {
  connect(options: { readonly timeout: number }, callback: Callback<Metadata>): unknown
}

/** Makes a handle; its constructor is where the client refuses settings. */
export const makeHandle = <Handle>(
  make: new (settings: ClientSettings) => Handle,
  settings: ClientSettings,
  config: KafkaConfig,
): Handle => {
  try {
    return new make({ ...settings })
  } catch (error) {
    const words = redaction(config)(error instanceof Error ? error.message : String(error))
    // Not as the cause: the client's own text may quote a value.
    throw new OnewriteError('INVALID_CONFIG', { faults: `the Kafka client refuses its settings: ${words}` })
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * A handle whose connection failed cannot be used again: its owner disconnects it and makes another.
 *
 * @throws BROKER_UNREACHABLE, BROKER_AUTHENTICATION, both within the connect timeout and a second
 */
export const connectHandle = async (
  handle: Connectable,
  { call }: Calls,
  watch: ClientWatch,
  config: KafkaConfig,
): Promise<void> => {
  const { brokers, connectTimeout } = config
  const connected = call<Metadata>('connecting', connectTimeout + 1_000, (callback) =>
    handle.connect({ timeout: connectTimeout }, callback),
  )
  const refused = watch.refused.catch((error: unknown) => {
    throw new OnewriteError('BROKER_AUTHENTICATION', { brokers, cause: wordsOf(error) })
  })
  const reached = connected.catch((error: unknown) => {
    throw new OnewriteError('BROKER_UNREACHABLE', { brokers, cause: watch.reason() ?? wordsOf(error) })
  })
  reached.catch(() => undefined)
  refused.catch(() => undefined)
  await Promise.race([reached, refused])
}
