import type { KafkaConfig } from './options.ts'

/** Takes the secrets of a configuration out of a text on its way to a log or a message. */
export const redaction = ({ sasl, ssl }: KafkaConfig): ((text: string) => string) => {
  const secrets = [sasl?.password, ssl?.key, ssl?.passphrase].filter((secret) => secret !== undefined)
  const kept = secrets.filter((secret) => secret !== '')
  return (text) => kept.reduce((clean, secret) => clean.replaceAll(secret, '***'), text)
}
