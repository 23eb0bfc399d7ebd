import { OnewriteError } from '../error/onewrite-error.ts'
import { type Calls, clientError } from './call.ts'
import type { Callback, GroupSettings, Metadata } from './client.ts'
import type { KafkaConfig } from './options.ts'
import { redaction } from './redact.ts'
import type { ClientWatch } from './watch-client.ts'

interface Connectable {
  connect(options: { readonly timeout: number }, callback: Callback<Metadata>): unknown
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Without the client's error as the cause: its text may quote a value. */
const settingsError = (error: unknown, config: KafkaConfig): OnewriteError => {
  const faults = `the Kafka client refuses its settings: ${redaction(config)(wordsOf(error))}`
  return new OnewriteError('INVALID_CONFIG', { faults })
}

/** Makes a handle; the client refuses most settings here, and the content of certificates while connecting. */
export const makeHandle = <Handle, Settings extends GroupSettings>(
  make: new (settings: Settings) => Handle,
  settings: Settings,
  config: KafkaConfig,
): Handle => {
  try {
    return new make({ ...settings })
  } catch (error) {
    throw settingsError(error, config)
  }
}

/** What the client answers when it cannot even be set up, before it looks for a broker. */
const notSetUp = [-172, -186]

/**
 * A handle whose connection failed cannot be used again: its owner disconnects it and makes another.
 *
 * @throws INVALID_CONFIG, BROKER_UNREACHABLE, BROKER_AUTHENTICATION, all within the connect timeout and a second
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
    if (notSetUp.includes(clientError(error).code)) throw settingsError(error, config)
    throw new OnewriteError('BROKER_UNREACHABLE', { brokers, cause: watch.reason() ?? wordsOf(error) })
  })
  reached.catch(() => undefined)
  refused.catch(() => undefined)
  await Promise.race([reached, refused])
}
