/** Starts what is due, whether or not earlier work has ended: a slow one must not slow the rate down. */
export const openLoop = async (
  events: number,
  perSecond: number,
  work: (number: number) => Promise<void>,
): Promise<void> => {
  const start = performance.now()
  const pending: Promise<void>[] = []
  while (pending.length < events) {
    const due = Math.min(events, Math.floor(((performance.now() - start) / 1000) * perSecond))
    while (pending.length < due) pending.push(work(pending.length))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(pending)
}
