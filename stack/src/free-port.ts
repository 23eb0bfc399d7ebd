import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

const portOf = (server: Server): number => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}

/**
 * Different ports that were free a moment ago. All are held until the last is known, so that they differ; another
 * program can still take one before it is used, so whoever starts a server tries again with others.
 */
export const freePorts = async (count: number): Promise<readonly number[]> => {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')))
  const ports = servers.map(portOf)
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}
