/** A timer set for longer fires at once: its milliseconds are a signed 32-bit number. */
const longest = 2_147_483_647

/** Waits, at most 24 days, but not past the signal. Resolves either way; the caller looks at the signal. */
export const pause = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.min(milliseconds, longest))
    signal?.addEventListener('abort', done, { once: true })
  })
