import { readFileSync } from 'node:fs'

/** What a measured program was started with. */
export const readInput = <Input>(): Input => JSON.parse(process.argv[2] ?? '{}')

/** Gives the figures to whoever started this program, and ends it. */
export const answer = <Figures>(figures: Figures): void => {
  process.send?.(JSON.stringify(figures), () => process.exit(0))
}

export const sayReady = (): void => void process.send?.('ready')

/** Resolves when this program is asked to come to its end, or its parent is gone. */
export const untilFinish = (): Promise<void> =>
  new Promise((resolve) => {
    process.once('message', () => resolve())
    process.once('disconnect', () => resolve())
  })

/** MiB this process had resident at most. */
export const peakMemory = (): number => {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    if (kilobytes !== undefined) return Number(kilobytes) / 1024
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS / 1024
}

/** Seconds of CPU, all threads, since `before`. */
export const cpuSeconds = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000_000
}
