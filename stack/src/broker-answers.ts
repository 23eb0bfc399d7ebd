import { connect } from 'node:net'

const metadataKey = 3
/** The first version with "do not create topics"; every broker from 0.11 on still answers it. */
const metadataVersion = 4

/** A metadata request for no topic at all: only the list of brokers is asked for. */
const metadataRequest = (): Buffer => {
  const body = Buffer.alloc(4 + 2 + 2 + 4 + 2 + 4 + 1)
  body.writeInt32BE(body.length - 4, 0)
  body.writeInt16BE(metadataKey, 4)
  body.writeInt16BE(metadataVersion, 6)
  body.writeInt32BE(1, 8)
  body.writeInt16BE(-1, 12)
  body.writeInt32BE(0, 14)
  return body
}

/** size, correlation id and throttle time come before the number of brokers. */
const brokersInAnswer = (answer: Buffer): number => (answer.length < 16 ? 0 : answer.readInt32BE(12))

/**
 * Whether a broker at this address lists itself as alive. An open port is not enough: a broker accepts
 * connections before it may serve them. Needs no Kafka client, which may not be compiled yet.
 */
export const brokerAnswers = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port })
    const chunks: Buffer[] = []
    const settle = (answers: boolean): void => {
      socket.destroy()
      resolve(answers)
    }
    socket.setTimeout(2_000, () => settle(false))
    socket.once('connect', () => socket.write(metadataRequest()))
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      const answer = Buffer.concat(chunks)
      if (answer.length >= 16) settle(brokersInAnswer(answer) > 0)
    })
    socket.once('error', () => settle(false))
    socket.once('close', () => settle(false))
  })
