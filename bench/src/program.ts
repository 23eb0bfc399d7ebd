import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { compiled } from './compile.ts'

export interface ProgramOptions {
  readonly tsx: boolean
  /** Options of node itself. */
  readonly node?: readonly string[]
}

export interface Program<Figures> {
  readonly pid: number
  /** Resolves with what the program answered once it has ended. */
  readonly figures: Promise<Figures>
  /** Asks the program to come to its end. */
  finish(): void
  kill(): void
  /** Resolves once the program says that it is ready. */
  readonly ready: Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export const commandFor = (name: string, { tsx, node = [] }: ProgramOptions): string[] =>
  tsx
    ? [...node, '--import', 'tsx', fileURLToPath(new URL(`./${name}.ts`, import.meta.url))]
    : [...node, `${compiled}/bench/src/${name}.js`]

/** Starts a measured program, for example `relay/relay-process`, in a process of its own. */
export const startProgram = <Input, Figures>(
  name: string,
  input: Input,
  options: ProgramOptions,
): Program<Figures> => {
  const child = spawn(process.execPath, [...commandFor(name, options), JSON.stringify(input)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  running.add(child)
  let answer: string | undefined
  let isReady: () => void = () => undefined
  const ready = new Promise<void>((resolve) => {
    isReady = resolve
  })
  child.on('message', (message) => {
    if (message === 'ready') isReady()
    else answer = String(message)
  })
  const figures = once(child, 'exit').then(([code, signal]): Figures => {
    running.delete(child)
    if (code === 0 && answer !== undefined) return JSON.parse(answer)
    throw new Error(
      `${name} ended with ${signal ?? code} and ${answer === undefined ? 'no answer' : 'an answer'}`,
    )
  })
  figures.catch(() => undefined)
  return {
    pid: child.pid ?? 0,
    figures,
    ready,
    finish: () => child.connected && child.send('finish'),
    kill: () => child.kill('SIGKILL'),
  }
}

export const runProgram = <Input, Figures>(
  name: string,
  input: Input,
  options: ProgramOptions,
): Promise<Figures> => startProgram<Input, Figures>(name, input, options).figures
