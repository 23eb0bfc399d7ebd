import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

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

type Fault = (chunk: Buffer, link: Link) => Promise<'forward' | 'stop'>

interface Link {
  readonly client: Socket
  readonly server: Socket
  swallowing: boolean
  lost: boolean
}

const cut = ({ client, server }: Link): void => {
  client.destroy()
  server.destroy()
}

/** One direction of a link, chunk after chunk: a fault may hold one of them, and the order must stay. */
const pump = (from: Socket, pass: (chunk: Buffer) => Promise<void>): void => {
  let last: Promise<void> = Promise.resolve()
  from.on('data', (chunk: Buffer) => {
    last = last.then(() => pass(chunk))
  })
}

/** Stands between a client and a server and breaks connections where a test wants it. */
export const tcpProxy = async (target: TcpProxyTarget): Promise<TcpProxy> => {
  const links = new Set<Link>()
  const faults = new Map<string, Fault>()
  let pause = 0
  let incoming: 'good' | 'lost' | 'refused' = 'good'

  const waited = async (): Promise<void> => {
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
  }
  const toServer = async (link: Link, chunk: Buffer): Promise<void> => {
    await waited()
    if (link.lost) return
    for (const [text, take] of faults) {
      if (!chunk.includes(text)) continue
      faults.delete(text)
      if ((await take(chunk, link)) === 'stop') return
    }
    if (!link.server.destroyed) link.server.write(chunk)
  }
  const toClient = async (link: Link, chunk: Buffer): Promise<void> => {
    await waited()
    if (link.lost) return
    if (link.swallowing) cut(link)
    else if (!link.client.destroyed) link.client.write(chunk)
  }
  const open = (client: Socket): void => {
    if (incoming === 'refused') {
      client.destroy()
      return
    }
    const server = connect(target.port, target.host)
    const link: Link = { client, server, swallowing: false, lost: incoming === 'lost' }
    links.add(link)
    pump(client, (chunk) => toServer(link, chunk))
    pump(server, (chunk) => toClient(link, chunk))
    const [ofClient, ofServer] = [() => server.destroy(), () => client.destroy()]
    client.on('error', ofClient).on('end', () => link.lost || server.end())
    server.on('error', ofServer)
    client.on('close', () => link.lost || server.destroy())
    server.on('close', () => {
      links.delete(link)
      if (!link.lost) client.destroy()
    })
  }

  const listener = createServer({ allowHalfOpen: false }, open)
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const cutAll = (): void => {
    for (const link of links) cut(link)
  }

  return {
    port,
    through: (url) => {
      const other = new URL(url)
      other.hostname = '127.0.0.1'
      other.port = String(port)
      return other.href
    },
    cutBefore: (text) => {
      const take: Fault = async (_chunk, link) => {
        cut(link)
        return 'stop'
      }
      faults.set(text, take)
    },
    swallowReplyTo: (text) => {
      const take: Fault = async (_chunk, link) => {
        link.swallowing = true
        return 'forward'
      }
      faults.set(text, take)
    },
    holdAt: (text, until) => {
      const take: Fault = async () => {
        await until()
        return 'forward'
      }
      faults.set(text, take)
    },
    loseClientAt: (text, until) => {
      const take: Fault = async (_chunk, link) => {
        link.lost = true
        link.client.destroy()
        await until()
        return 'forward'
      }
      faults.set(text, take)
    },
    delay: (milliseconds) => {
      pause = milliseconds
    },
    blackhole: () => {
      incoming = 'lost'
      for (const link of links) link.lost = true
    },
    refuse: () => {
      incoming = 'refused'
    },
    heal: () => {
      incoming = 'good'
    },
    cutAll,
    connections: () => links.size,
    close: async () => {
      cutAll()
      listener.close()
      await once(listener, 'close')
    },
  }
}
