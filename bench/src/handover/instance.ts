import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { commandFor } from '../program.ts'
import type { InstanceInput } from './relay-process.ts'

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface Instance {
  /** Resolves with the microsecond of its first commit after the given one. */
  committedAfter(moment: number): Promise<number>
  kill(): Promise<void>
}

/** Starts one instance of a relay in a process of its own. */
export const startInstance = (input: InstanceInput, tsx: boolean): Instance => {
  const command = [...commandFor('handover/relay-process', { tsx }), JSON.stringify(input)]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  running.add(child)
  const ended = once(child, 'exit')
  return {
    committedAfter: (moment) =>
      new Promise((resolve) => {
        const look = (at: unknown): void => {
          if (typeof at !== 'number' || at < moment) return
          child.off('message', look)
          resolve(at)
        }
        child.on('message', look)
      }),
    kill: async () => {
      child.kill('SIGKILL')
      await ended
      running.delete(child)
    },
  }
}
