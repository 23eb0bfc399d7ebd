import { setTimeout as pause } from 'node:timers/promises'

/** Asks again and again, from 10 ms up to every 100 ms, until the answer is yes (true) or the time is over (false). */
export const until = async (condition: () => Promise<boolean>, timeout: number): Promise<boolean> => {
  const deadline = performance.now() + timeout
  for (let interval = 10; ; interval = Math.min(interval * 2, 100)) {
    if (await condition()) return true
    if (performance.now() > deadline) return false
    await pause(interval)
  }
}
