import { pause } from '../lifecycle/pause.ts'

/** Something that is done again and again, one time after the other. */
export interface Repeating {
  /** Does not wait for the next time. */
  soon(): void
  /** Resolves once what is under way has ended. */
  stop(): Promise<void>
}

/** `failed` hears of rejections; it goes on. */
export const repeat = (
  milliseconds: number,
  step: () => Promise<void> | void,
  failed: (error: unknown) => void,
): Repeating => {
  let stopped = false
  let waiting = new AbortController()
  const run = async (): Promise<void> => {
    for (;;) {
      await pause(milliseconds, waiting.signal)
      if (stopped) return
      waiting = new AbortController()
      try {
        await step()
      } catch (error) {
        failed(error)
      }
    }
  }
  const ended = run()
  return {
    soon: () => waiting.abort(),
    stop: () => {
      stopped = true
      waiting.abort()
      return ended
    },
  }
}
