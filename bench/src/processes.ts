import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

interface ProcessRow {
  readonly pid: number
  readonly parent: number
  readonly name: string
  /** Seconds of CPU, its own and of its ended children. */
  readonly own: number
  readonly ended: number
}

const ticksPerSecond = 100

const readRow = (pid: string): ProcessRow | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'))
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15)
    return {
      pid: Number(pid),
      parent: fields[1] ?? 0,
      name,
      own: (user + system) / ticksPerSecond,
      ended: (endedUser + endedSystem) / ticksPerSecond,
    }
  } catch {
    return undefined
  }
}

const readRows = (): readonly ProcessRow[] => {
  try {
    const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
    return pids.map(readRow).filter((row) => row !== undefined)
  } catch {
    return []
  }
}

const spent = (row: ProcessRow, all: readonly ProcessRow[]): number =>
  row.own +
  row.ended +
  all.filter(({ parent }) => parent === row.pid).reduce((sum, child) => sum + spent(child, all), 0)

/** Seconds of CPU that one process has spent so far; not a number where that cannot be known. */
export const secondsOf = (pid: number): number => readRow(String(pid))?.own ?? Number.NaN

export interface ServerSeconds {
  readonly postgres: number
  readonly broker: number
}

/**
 * Seconds of CPU that the servers a process started have spent so far. On Linux; elsewhere, and for a broker that
 * somebody else runs, not a number.
 */
export const serverSeconds = (owner = process.pid): ServerSeconds => {
  const rows = readRows()
  const of = (name: string): number => {
    const row = rows.find((one) => one.parent === owner && one.name === name)
    return row === undefined ? Number.NaN : spent(row, rows)
  }
  return { postgres: of('postgres'), broker: of('java') }
}

/** A backend that has just been left takes a moment to end, and is in neither list while it does. */
const whileEnding = 200

export const secondsSince = async (before: ServerSeconds): Promise<ServerSeconds> => {
  await wait(whileEnding)
  const now = serverSeconds()
  return { postgres: now.postgres - before.postgres, broker: now.broker - before.broker }
}
