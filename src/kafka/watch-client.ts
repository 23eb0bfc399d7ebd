import type { ClientError, ClientLog } from './client.ts'
import type { KafkaConfig } from './options.ts'
import { redaction } from './redact.ts'

interface Watchable {
  on(event: 'event.log', listener: (log: ClientLog) => void): unknown
  on(event: 'event.error', listener: (error: ClientError) => void): unknown
}

/** What the client says beside its answers. */
export interface ClientWatch {
  /** Why the last connection attempt failed, where the client said so. */
  reason(): string | undefined
  /** Whether the client said that a newer producer of the same name exists. */
  fenced(): boolean
  /** Topics that this producer was told it may not write, in a transaction: no report names them. */
  denied(): readonly string[]
  /** Rejects with the client's words once a broker refused the credentials; never resolves. */
  readonly refused: Promise<never>
}

/** Not every failed TLS handshake: a broker that is just starting or ending breaks one off, too. */
const refusal =
  /SASL authentication error|authentication failed|mechanism handshake failed|certificate verify failed/i
const fencing = /\(_FENCED\)|fenced by (?:a )?newer/
const denial = /^.*Failed to add partition "([^"]+)" .*Topic authorization failed/
/** `[thrd:main]: 127.0.0.1:9092/bootstrap: ` says nothing to a reader. */
const origin = /^(?:\[thrd:[^\]]*\]: )?(?:\S+\/(?:bootstrap|\d+): )?/

/**
 * Hands the client's own log to the logger, without secrets, and keeps what its answers leave out: a fenced producer
 * rejects what it still holds as `Purged in queue`, and refused credentials show as a broker that is not there.
 */
export const watchClient = (handle: Watchable, config: KafkaConfig): ClientWatch => {
  const redact = redaction(config)
  const { logger } = config
  let reason: string | undefined
  let fenced = false
  const denied = new Set<string>()
  let refuse: (words: Error) => void = () => undefined
  const refused = new Promise<never>((_, reject) => {
    refuse = reject
  })
  // Whoever connects races against it; afterwards nobody has to.
  refused.catch(() => undefined)

  const note = (text: string): void => {
    const topic = denial.exec(text)?.[1]
    if (topic !== undefined) denied.add(topic)
    if (fencing.test(text)) fenced = true
    if (refusal.test(text)) refuse(new Error(text))
  }
  handle.on('event.log', ({ severity, fac, message }) => {
    const text = redact(message)
    const words = text.replace(origin, '')
    if (fac === 'FAIL') reason = words
    note(words)
    const fields = { kafka: config.clientId, facility: fac }
    // What goes wrong is told by rejections; the log is for whoever looks into it.
    if (severity <= 3) logger.warn(fields, text)
    else if (severity === 4) logger.info(fields, text)
    else logger.debug(fields, text)
  })
  handle.on('event.error', ({ code, message }) => {
    const text = redact(message)
    note(text)
    logger.debug({ kafka: config.clientId, code }, text)
  })
  return { reason: () => reason, fenced: () => fenced, denied: () => [...denied], refused }
}
