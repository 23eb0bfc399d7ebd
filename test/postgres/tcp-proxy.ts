import { connect, createServer, type Socket } from 'node:net'

export interface TcpProxy {
  readonly url: string
  /** Times the client spoke after the server had answered: round trips. */
  roundTrips(): number
  /** From now on, what the client sends that holds `text` is handed to the server and the client's end is cut. */
  cutAfter(text: string): void
  /** The same, but the server never sees it. */
  cutBefore(text: string): void
  /** The next message that holds `text` reaches the server misspelt, and so is refused. */
  garble(text: string): void
  close(): Promise<void>
}

type Cut = { readonly text: string; readonly forward: boolean }

/** A proxy in front of PostgreSQL that counts round trips and breaks connections at a chosen message. */
export const tcpProxy = async (target: string): Promise<TcpProxy> => {
  const to = new URL(target)
  const sockets = new Set<Socket>()
  let trips = 0
  let cut: Cut | undefined
  let garbled: string | undefined
  const server = createServer((client) => {
    const upstream = connect(Number(to.port), to.hostname)
    let answered = true
    sockets.add(client).add(upstream)
    client.on('data', (chunk) => {
      if (answered) trips += 1
      answered = false
      if (cut !== undefined && chunk.includes(cut.text)) {
        const { forward } = cut
        cut = undefined
        client.destroy()
        if (forward) upstream.end(chunk)
        else upstream.destroy()
        return
      }
      if (garbled !== undefined && chunk.includes(garbled)) {
        chunk.write('?', chunk.indexOf(garbled))
        garbled = undefined
      }
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      answered = true
      client.write(chunk)
    })
    client.on('error', () => upstream.destroy())
    upstream.on('error', () => client.destroy())
    client.on('end', () => upstream.end())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = new URL(target)
  url.port = String(typeof address === 'object' ? address?.port : 0)
  return {
    url: url.href,
    roundTrips: () => trips,
    cutAfter: (text) => {
      cut = { text, forward: true }
    },
    cutBefore: (text) => {
      cut = { text, forward: false }
    },
    garble: (text) => {
      garbled = text
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
