import { OnewriteError } from '../error/onewrite-error.ts'

/**
 * Keeps a publisher to its contract: calls run one after the other in the order they were made, and after the first
 * rejection every further call is rejected with the same reason.
 */
export interface Spending {
  /** Runs a step after all earlier ones; its rejection spends the publisher. */
  run<Result>(step: () => Promise<Result>): Promise<Result>
  /** Spends the publisher from outside a step; the first reason stands. */
  spend(reason: Error): void
  /** @throws the reason, once there is one */
  check(): void
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)))

export const spending = (): Spending => {
  let tail: Promise<unknown> = Promise.resolve()
  let spent: Error | undefined

  const spend = (reason: Error): void => {
    spent ??= reason
  }
  const check = (): void => {
    if (spent !== undefined) throw spent
  }
  const attempt = async <Result>(step: () => Promise<Result>): Promise<Result> => {
    check()
    try {
      return await step()
    } catch (reason) {
      spend(asError(reason))
      throw spent
    }
  }

  return {
    run: (step) => {
      const result = tail.then(() => attempt(step))
      tail = result.catch(() => undefined)
      return result
    },
    spend,
    check,
  }
}

/** What a closed publisher answers. */
export const closedError = (): OnewriteError =>
  new OnewriteError('PUBLISH_UNKNOWN', { cause: 'the publisher is closed' })
