/** A client of `redis` (node-redis), made by you: connected, with its own options and error handling. */
export interface NodeRedisClient {
  sendCommand(args: string[]): Promise<unknown>
}

/** A client of `ioredis`, or of its cluster. */
export interface IoRedisClient {
  call(command: string, ...args: string[]): Promise<unknown>
}

/** What of a client is used; it stays yours: nothing here connects or closes it. */
export type RedisClient = NodeRedisClient | IoRedisClient

export type Command = readonly [command: string, ...args: string[]]

/** Both have a `sendCommand`, of different meaning; only ioredis has `call`. */
export const sender = (client: RedisClient): ((command: Command) => Promise<unknown>) =>
  'call' in client
    ? ([command, ...args]) => client.call(command, ...args)
    : (command) => client.sendCommand([...command])
