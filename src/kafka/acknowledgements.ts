/** The records of one call that no broker has acknowledged yet. */
interface Batch {
  left: number
  readonly settle: () => void
  readonly fail: (reason: Error) => void
}

/** Which calls wait for which acknowledgements. */
export interface Acknowledgements {
  /** `batch` goes with every record; the promise resolves once all of them are acknowledged. */
  begin(size: number): { readonly batch: unknown; readonly acknowledged: Promise<void> }
  acknowledge(batch: unknown): void
  /** Rejects every call that waits. */
  fail(reason: Error): void
}

const isBatch = (value: unknown): value is Batch =>
  typeof value === 'object' && value !== null && 'left' in value && 'settle' in value

/** `stalled` is called when calls wait and nothing was acknowledged for the time given. */
export const acknowledgements = (patience: number, stalled: () => void): Acknowledgements => {
  const open = new Set<Batch>()
  let acknowledged = 0
  let timer: NodeJS.Timeout | undefined

  /** A timer per patience, not one per record. */
  const watch = (seen: number): void => {
    timer = setTimeout(() => {
      timer = undefined
      if (open.size === 0) return
      if (acknowledged === seen) return stalled()
      watch(acknowledged)
    }, patience)
  }

  return {
    begin: (size) => {
      let batch: Batch = { left: size, settle: () => undefined, fail: () => undefined }
      const promise = new Promise<void>((resolve, reject) => {
        batch = { left: size, settle: resolve, fail: reject }
      })
      // Told again to whoever waits for it; nobody may be waiting yet.
      promise.catch(() => undefined)
      open.add(batch)
      if (timer === undefined) watch(-1)
      return { batch, acknowledged: promise }
    },
    acknowledge: (batch) => {
      acknowledged += 1
      if (!isBatch(batch) || --batch.left > 0) return
      open.delete(batch)
      batch.settle()
      if (open.size > 0) return
      clearTimeout(timer)
      timer = undefined
    },
    fail: (reason) => {
      clearTimeout(timer)
      timer = undefined
      for (const batch of open) batch.fail(reason)
      open.clear()
    },
  }
}
