import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export interface TcpProxyTarget {
  readonly host: string
  readonly port: number
}

export interface TcpProxy {
  readonly port: number
  /** The same URL through the proxy. */
  through(url: string): string
  /** The next chunk from a client that holds `text` is kept from the server, and both ends are cut. */
  cutBefore(text: string): void
  /** The next chunk from a client that holds `text` reaches the server; the client is cut when the answer comes. */
  swallowReplyTo(text: string): void
  /** Calls back at the next chunk from a client that holds `text`; it goes on to the server when that has resolved. */
  holdAt(text: string, until: () => Promise<void>): void
  /** As `holdAt`, but the client is cut at once: it cannot know what becomes of what it sent. */
  loseClientAt(text: string, until: () => Promise<void>): void
  /** Every chunk waits so long, in both directions; 0 ends it. */
  delay(milliseconds: number): void
  /** From now on nothing gets through and nothing is closed, as when a cable is pulled. */
  blackhole(): void
  /** From now on new connections are closed at once. */
  refuse(): void
  /** New connections are good again. */
  heal(): void
  /** Cuts every connection there is. */
  cutAll(): void
  /** Connections open now. */
  connections(): number
  close(): Promise<void>
}

interface Link {
  readonly client: Socket
  readonly server: Socket
  /** What the server answers is kept from the client, which is cut instead. */
  swallowing: boolean
  /** Nothing passes any more, and the end of one side is not told to the other. */
  lost: boolean
}

/** What happens to a chunk from a client; true when it goes on to the server. */
type Fault = (link: Link) => Promise<boolean>

type Faults = Pick<TcpProxy, 'cutBefore' | 'swallowReplyTo' | 'holdAt' | 'loseClientAt'>

interface Weather {
  incoming: 'good' | 'lost' | 'refused'
  pause: number
  readonly faults: Map<string, Fault>
}

const cut = ({ client, server }: Link): void => {
  client.destroy()
  server.destroy()
}

const faultsOf = (faults: Map<string, Fault>): Faults => ({
  cutBefore: (text) => {
    faults.set(text, async (link) => {
      cut(link)
      return false
    })
  },
  swallowReplyTo: (text) => {
    faults.set(text, async (link) => {
      link.swallowing = true
      return true
    })
  },
  holdAt: (text, until) => {
    faults.set(text, async () => {
      await until()
      return true
    })
  },
  loseClientAt: (text, until) => {
    faults.set(text, async (link) => {
      link.lost = true
      link.client.destroy()
      await until()
      return true
    })
  },
})

const toServer = async (link: Link, chunk: Buffer, { faults }: Weather): Promise<void> => {
  if (link.lost) return
  for (const [text, fault] of faults) {
    if (!chunk.includes(text)) continue
    faults.delete(text)
    if (!(await fault(link))) return
  }
  if (!link.server.destroyed) link.server.write(chunk)
}

const toClient = async (link: Link, chunk: Buffer): Promise<void> => {
  if (link.lost) return
  if (link.swallowing) cut(link)
  else if (!link.client.destroyed) link.client.write(chunk)
}

/** One direction, chunk after chunk: a fault may hold one of them, and the order must stay. */
const pump = (from: Socket, weather: Weather, pass: (chunk: Buffer) => Promise<void>): void => {
  let last: Promise<void> = Promise.resolve()
  from.on('data', (chunk: Buffer) => {
    last = last.then(async () => {
      if (weather.pause > 0) await wait(weather.pause)
      await pass(chunk)
    })
  })
}

const join = (client: Socket, target: TcpProxyTarget, weather: Weather, links: Set<Link>): void => {
  const server = connect(target.port, target.host)
  const link: Link = { client, server, swallowing: false, lost: weather.incoming === 'lost' }
  links.add(link)
  pump(client, weather, (chunk) => toServer(link, chunk, weather))
  pump(server, weather, (chunk) => toClient(link, chunk))
  client.on('error', () => link.lost || server.destroy())
  client.on('end', () => link.lost || server.end())
  client.on('close', () => link.lost || server.destroy())
  server.on('error', () => link.lost || client.destroy())
  server.on('close', () => {
    links.delete(link)
    if (!link.lost) client.destroy()
  })
}

const listen = async (open: (client: Socket) => void): Promise<{ server: Server; port: number }> => {
  const server = createServer(open)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

const throughPort = (url: string, port: number): string => {
  const other = new URL(url)
  other.hostname = '127.0.0.1'
  other.port = String(port)
  return other.href
}

/** Stands between a client and a server and breaks connections where a test wants it. */
export const tcpProxy = async (target: TcpProxyTarget): Promise<TcpProxy> => {
  const links = new Set<Link>()
  const weather: Weather = { incoming: 'good', pause: 0, faults: new Map() }
  const { server, port } = await listen((client) => {
    if (weather.incoming === 'refused') client.destroy()
    else join(client, target, weather, links)
  })
  const cutAll = (): void => {
    for (const link of links) cut(link)
  }
  return {
    ...faultsOf(weather.faults),
    port,
    through: (url) => throughPort(url, port),
    delay: (milliseconds) => {
      weather.pause = milliseconds
    },
    blackhole: () => {
      weather.incoming = 'lost'
      for (const link of links) link.lost = true
    },
    refuse: () => {
      weather.incoming = 'refused'
    },
    heal: () => {
      weather.incoming = 'good'
    },
    cutAll,
    connections: () => links.size,
    close: async () => {
      cutAll()
      server.close()
      await once(server, 'close')
    },
  }
}
