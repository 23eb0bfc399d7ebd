import { once } from 'node:events'
import { createServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { OnewriteError } from 'onewrite'

export interface Address {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'

const explain = (error: unknown, { host, port }: Address): unknown =>
  isTaken(error) ? new OnewriteError('PORT_IN_USE', { host, port }, { cause: error }) : error

/** Finds out before a database and a broker are started for nothing. @throws PORT_IN_USE */
export const refuseTakenPort = async (address: Address): Promise<void> => {
  const probe = createServer()
  try {
    await once(probe.listen(address), 'listening')
  } catch (error) {
    throw explain(error, address)
  } finally {
    probe.close()
  }
}

/** Returns the URL it listens on. @throws PORT_IN_USE */
export const listen = async (server: FastifyInstance, address: Address): Promise<string> => {
  try {
    return await server.listen({ ...address })
  } catch (error) {
    throw explain(error, address)
  }
}
