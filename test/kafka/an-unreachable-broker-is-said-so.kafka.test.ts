import { createServer, type Server } from 'node:net'
import { kafka } from 'onewrite/kafka'
import { afterEach, describe, expect, it } from 'vitest'

const connectTimeout = 500
const servers: Server[] = []

const listen = (answer: 'silence' | 'nonsense'): Promise<string> =>
  new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      if (answer === 'nonsense') socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    servers.push(server)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(`127.0.0.1:${typeof address === 'object' ? address?.port : 0}`)
    })
  })

const closedPort = async (): Promise<string> => {
  const address = await listen('silence')
  await new Promise((resolve) => servers.pop()?.close(resolve))
  return address
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

describe.each([
  ['nobody listens', closedPort],
  ['somebody listens and says nothing', () => listen('silence')],
  ['something else than Kafka answers', () => listen('nonsense')],
])('a broker where %s', (_, addressOf) => {
  it('is BROKER_UNREACHABLE for check, createTopics and both publishers', async () => {
    const address = await addressOf()
    const transport = kafka({ brokers: [address], connectTimeout })
    const unreachable = expect.objectContaining({
      code: 'BROKER_UNREACHABLE',
      message: expect.stringContaining(address),
    })
    const { publishing } = transport
    await Promise.all([
      expect(transport.check()).rejects.toEqual(unreachable),
      expect(publishing.createTopics([{ name: 'orders' }])).rejects.toEqual(unreachable),
      expect(publishing.publisher({ name: 'a' })).rejects.toEqual(unreachable),
      expect(publishing.transactionalPublisher({ name: 'a' })).rejects.toEqual(unreachable),
    ])
    await transport.close()
  })
})
