import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { isAlive } from './embedded-postmaster.ts'

const ownerFile = (folder: string): string => join(folder, 'owner')

// With the start time, because a container gives the same small pids again.
const me = (): string => `${process.pid} ${performance.timeOrigin}`

/** Notes that this process is about to start the server. Before the start, or another might take it for an orphan. */
export const claim = (folder: string): Promise<void> => writeFile(ownerFile(folder), me())

/** Whether the process that started the server still lives. If not, the server is an orphan of a crash. */
export const hasLivingOwner = async (folder: string): Promise<boolean> => {
  const text = await readFile(ownerFile(folder), 'utf8').catch(() => '')
  const pid = Number(text.split(' ')[0])
  if (!Number.isInteger(pid) || pid <= 0) return false
  return pid === process.pid ? text === me() : isAlive(pid)
}

/** A port of 127.0.0.1 that nobody listens on at this moment. */
export const findFreePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
