import { exponential } from '../retry/backoff.ts'

/** Keeps a server that is away, or slow, from slowing down whoever asks it. */
export interface Circuit {
  /** Resolves with undefined where the server is left alone, failed, or did not answer in time. */
  ask<T>(question: () => Promise<T>): Promise<T | undefined>
}

export interface CircuitOptions {
  /** Milliseconds for an answer. */
  readonly timeout: number
  /** Told once when it is left alone, with the reason, and once when it answers again. */
  readonly changed?: (reason: string | undefined) => void
}

/** So many questions at most wait for answers: what nobody will hear must not pile up in the client. */
const mostOpen = 64

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const circuit = ({ timeout, changed = () => undefined }: CircuitOptions): Circuit => {
  const rest = exponential('1s', { max: '30s' })
  let failures = 0
  let until = Number.NEGATIVE_INFINITY
  let open = 0

  const failed = (reason: string): void => {
    // Answers that were under way together fail together: that counts once.
    if (performance.now() < until) return
    if (failures === 0) changed(reason)
    failures += 1
    until = performance.now() + rest(failures)
  }
  const answered = (): void => {
    if (failures > 0) changed(undefined)
    failures = 0
  }

  const inTime = async <T>(answer: Promise<T>): Promise<T | undefined> => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        failed(`no answer within ${timeout} ms`)
        resolve(undefined)
      }, timeout)
    })
    return Promise.race([answer, late]).finally(() => clearTimeout(timer))
  }

  return {
    ask: async (question) => {
      if (open >= mostOpen || performance.now() < until) return undefined
      open += 1
      const answer = (async () => question())().then(
        (found) => {
          answered()
          return found
        },
        (error: unknown) => {
          failed(words(error))
          return undefined
        },
      )
      // One that comes late still frees its place.
      answer.finally(() => {
        open -= 1
      })
      return inTime(answer)
    },
  }
}
