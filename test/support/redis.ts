import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { freePorts } from '../../stack/src/free-port.ts'

/** A client of node-redis' form over a socket of its own: the package is no dependency of this repository. */
export interface RedisSocket {
  sendCommand(args: string[]): Promise<unknown>
  close(): void
}

interface Parsed {
  readonly value: unknown
  readonly rest: string
}

/** One reply of RESP 2; undefined where it has not arrived as a whole. */
const parse = (text: string): Parsed | undefined => {
  const end = text.indexOf('\r\n')
  if (end < 0) return undefined
  const [kind, head, rest] = [text.slice(0, 1), text.slice(1, end), text.slice(end + 2)]
  if (kind === ':') return { value: Number(head), rest }
  if (kind === '+') return { value: head, rest }
  if (kind === '-') return { value: new Error(head), rest }
  if (kind === '$') {
    const length = Number(head)
    if (length < 0) return { value: null, rest }
    return rest.length < length + 2
      ? undefined
      : { value: rest.slice(0, length), rest: rest.slice(length + 2) }
  }
  const items: unknown[] = []
  let left = rest
  for (let count = Number(head); count > 0; count -= 1) {
    const item = parse(left)
    if (item === undefined) return undefined
    items.push(item.value)
    left = item.rest
  }
  return { value: items, rest: left }
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

const opened = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

const encode = (args: readonly string[]): string =>
  `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`

/** Connects when it is first asked, and again after the connection was lost. */
export const redisSocket = (port: number): RedisSocket => {
  let current: Promise<Socket> | undefined
  const waiting: Waiting[] = []
  const lost = (): void => {
    current = undefined
    for (const one of waiting.splice(0)) one.reject(new Error('the connection to Redis was lost'))
  }
  const open = async (): Promise<Socket> => {
    const socket = await opened(port)
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      text += chunk
      for (let reply = parse(text); reply !== undefined; reply = parse(text)) {
        text = reply.rest
        const one = waiting.shift()
        if (reply.value instanceof Error) one?.reject(reply.value)
        else one?.resolve(reply.value)
      }
    })
    socket.once('close', lost)
    socket.on('error', () => undefined)
    return socket
  }
  return {
    sendCommand: async (args) => {
      current ??= open()
      const socket = await current.catch((error: unknown) => {
        current = undefined
        throw error
      })
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        socket.write(encode(args))
      })
    },
    close: () => void current?.then((socket) => socket.destroy()).catch(() => undefined),
  }
}

export interface RedisServer {
  readonly port: number
  /** Connections of their own, closed with the server. */
  client(): RedisSocket
  /** SIGSTOP: connected, and silent. */
  freeze(): void
  thaw(): void
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

const answers = async (port: number): Promise<boolean> => {
  const socket = redisSocket(port)
  try {
    return (await socket.sendCommand(['PING'])) === 'PONG'
  } catch {
    return false
  } finally {
    socket.close()
  }
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

const run = async (port: number): Promise<ChildProcess> => {
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', settings, { stdio: 'ignore' })
  while (child.exitCode === null && !(await answers(port))) await new Promise(setImmediate)
  if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
  running.add(child)
  return child
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
  running.delete(child)
}

/** A Redis of its own, in memory alone. */
export const startRedis = async (): Promise<RedisServer> => {
  const [port = 0] = await freePorts(1)
  const clients: RedisSocket[] = []
  let child = await run(port)
  return {
    port,
    client: () => {
      const client = redisSocket(port)
      clients.push(client)
      return client
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill: () => ended(child),
    start: async () => {
      child = await run(port)
    },
    stop: async () => {
      for (const client of clients) client.close()
      await ended(child)
    },
  }
}
