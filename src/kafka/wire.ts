import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { OnewriteError } from '../error/onewrite-error.ts'
import type { KafkaConfig } from './options.ts'
import { blob, body, type Cursor, cursor, int16, int32, text } from './wire-codec.ts'

/**
 * A connection that speaks the few requests the client has no call for: which versions a broker knows, and what it is
 * set to. Only for looking; records never go this way.
 */
export interface Wire {
  /** One request at a time; resolves with the response behind its header. */
  ask(api: number, version: number, request: Buffer): Promise<Cursor>
  close(): void
}

/** A response of more is not an answer of a Kafka broker. */
const mostBytes = 100 * 1024 * 1024

const saslHandshake = 17
const saslAuthenticate = 36

const splitAddress = (address: string): { readonly host: string; readonly port: number } => {
  const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? []
  return { host, port: Number(port) }
}

const openSocket = (address: string, { ssl }: KafkaConfig): Socket => {
  const { host, port } = splitAddress(address)
  if (ssl === undefined) return connectPlain({ host, port })
  const { ca, certificate: cert, key, passphrase } = ssl
  return connectTls({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
  })
}

interface Pending {
  readonly resolve: (response: Cursor) => void
  readonly reject: (error: unknown) => void
}

/** Cuts what arrives into responses: each begins with its length. */
const responses = (answer: (response: Buffer) => void, fail: (error: Error) => void) => {
  let received = Buffer.alloc(0)
  return (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 4) {
      const length = received.readInt32BE(0)
      if (length < 4 || length > mostBytes) {
        fail(new Error('this is no Kafka broker'))
        return
      }
      if (received.length < 4 + length) return
      answer(received.subarray(4, 4 + length))
      received = received.subarray(4 + length)
    }
  }
}

const speak = (socket: Socket, clientId: string): Wire => {
  let correlation = 0
  let pending: Pending | undefined
  let broken: Error | undefined
  const fail = (error: Error): void => {
    broken ??= error
    pending?.reject(error)
    pending = undefined
    socket.destroy()
  }
  // The header of a response in this form is the number of the request.
  const answer = (response: Buffer): void => {
    pending?.resolve(cursor(response, 4))
    pending = undefined
  }
  socket.on('data', responses(answer, fail))
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the broker closed the connection')))
  return {
    ask: (api, version, request) =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) return reject(broken)
        pending = { resolve, reject }
        correlation += 1
        const message = body(int16(api), int16(version), int32(correlation), text(clientId), request)
        socket.write(blob(message))
      }),
    close: () => socket.destroy(),
  }
}

/** The password goes where the client sends it, too. */
const authenticate = async (wire: Wire, { sasl, brokers }: KafkaConfig): Promise<void> => {
  if (sasl === undefined) return
  const handshake = await wire.ask(saslHandshake, 1, text('PLAIN'))
  if (handshake.int16() !== 0) {
    throw new OnewriteError('BROKER_AUTHENTICATION', { brokers, cause: 'PLAIN is not offered' })
  }
  const token = Buffer.from(`\0${sasl.username}\0${sasl.password}`)
  const answer = await wire.ask(saslAuthenticate, 0, blob(token))
  if (answer.int16() === 0) return
  throw new OnewriteError('BROKER_AUTHENTICATION', { brokers, cause: answer.text() ?? 'refused' })
}

/** Whether the credentials can be shown this way: of the mechanisms only PLAIN. */
export const wireCanSpeak = ({ sasl }: KafkaConfig): boolean =>
  sasl === undefined || sasl.mechanism === 'plain'

/** @throws BROKER_AUTHENTICATION, and what the socket says */
export const openWire = async (address: string, config: KafkaConfig): Promise<Wire> => {
  const socket = openSocket(address, config)
  socket.setTimeout(config.connectTimeout, () => socket.destroy(new Error('no answer in time')))
  const wire = speak(socket, config.clientId)
  try {
    await authenticate(wire, config)
    return wire
  } catch (error) {
    wire.close()
    throw error
  }
}
