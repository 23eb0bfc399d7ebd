import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What `postmaster.pid` of a data directory says. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly ready: boolean
}

const readPidFile = async (data: string): Promise<Postmaster | undefined> => {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
}

// A container without an init process keeps the ended ones that nobody waited for.
const isZombie = (pid: number): boolean => {
  if (process.platform !== 'linux') return false
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return error instanceof Error && Reflect.get(error, 'code') === 'EPERM'
  }
}

const commandLine = async (pid: number): Promise<string> => {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  if (process.platform === 'win32') return 'postgres'
  return run('ps', ['-o', 'command=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => '',
  )
}

/** The server that runs on a data directory. After a reboot its pid may belong to any other program. */
export const findPostmaster = async (data: string): Promise<Postmaster | undefined> => {
  const found = await readPidFile(data)
  if (found === undefined || !isAlive(found.pid)) return undefined
  const command = await commandLine(found.pid)
  return command.includes('postgres') && (process.platform === 'win32' || command.includes(data))
    ? found
    : undefined
}

/** Waits until a process is gone; false when `milliseconds` have passed. */
export const waitForExit = async (pid: number, milliseconds: number): Promise<boolean> => {
  const end = performance.now() + milliseconds
  while (isAlive(pid)) {
    if (performance.now() > end) return false
    await pause(5)
  }
  return true
}

/** Fast shutdown: transactions are rolled back, everything is written. Falls back to an immediate one. */
export const stopPostmaster = async (pid: number, milliseconds = 15_000): Promise<void> => {
  if (!isAlive(pid)) return
  process.kill(pid, 'SIGINT')
  if (await waitForExit(pid, milliseconds)) return
  process.kill(pid, 'SIGQUIT')
  await waitForExit(pid, milliseconds)
}
