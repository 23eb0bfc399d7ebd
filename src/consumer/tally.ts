/** What has happened so far to one running consumer. */
export interface Tally {
  /** Events dealt with. */
  readonly progress: number
  /** What a part of it waits for, while one does. */
  readonly trouble: string | undefined
  /** So many events are dealt with, or one is tried again: the work goes on. */
  moved(events: number): void
  troubled(part: string, trouble: string): void
  well(part: string): void
  /** Something was parked, put behind or redriven. */
  change(): void
  /** Whether that has happened since this was asked last, or nobody has asked. */
  takeChange(): boolean
}

export const openTally = (): Tally => {
  const troubles = new Map<string, string>()
  let progress = 0
  let changed = true
  return {
    get progress() {
      return progress
    },
    get trouble() {
      const [trouble] = troubles.values()
      return trouble
    },
    moved: (events) => {
      progress += events
      troubles.delete('work')
    },
    troubled: (part, trouble) => void troubles.set(part, trouble),
    well: (part) => void troubles.delete(part),
    change: () => {
      changed = true
    },
    takeChange: () => {
      const was = changed
      changed = false
      return was
    },
  }
}
