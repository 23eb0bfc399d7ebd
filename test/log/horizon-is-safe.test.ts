import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Horizon, horizon, type Marks } from '../../src/log/horizon.ts'

/** A model of PostgreSQL as far as the lock horizon depends on it; every step is one atomic change. */
interface Writer {
  /** Names under which the lock is listed; both for a moment while a transaction is being prepared. */
  names: readonly string[]
  locked: boolean
  prepared: boolean
  undecided: number[]
}

interface Step {
  /** 0 to 3: that writer does something; otherwise the reader does. */
  readonly actor: number
  readonly choice: number
}

type Reading = 'position first' | 'holders first'

const idle = (): Writer => ({ names: [], locked: false, prepared: false, undecided: [] })

class Model {
  private readonly writers: Writer[] = [idle(), idle(), idle(), idle()]
  private readonly line: Horizon
  private readonly reading: Reading
  private seen: { lastPosition?: bigint; writers?: readonly string[] } = {}
  private names = 0
  last = 0
  safe = -1n
  readonly faults: string[] = []

  constructor(line: Horizon, reading: Reading) {
    this.line = line
    this.reading = reading
  }

  step({ actor, choice }: Step): void {
    const writer = this.writers[actor]
    if (writer === undefined) this.read()
    else this.write(writer, choice)
  }

  private write(writer: Writer, choice: number): void {
    if (writer.names.length > 1) writer.names = writer.names.slice(1)
    else if (writer.names.length === 0) writer.names = [`${this.names}/${this.names++}`]
    else if (!writer.locked) writer.locked = true
    else if (writer.prepared) this.commit(writer)
    else if (choice < 5) writer.undecided.push(++this.last)
    else if (choice === 5) this.prepare(writer)
    else if (choice === 6) this.release(writer)
    else if (choice === 7) Object.assign(writer, idle())
    else this.commit(writer)
  }

  /** The lock stays for a moment after the rows are visible, as it does in PostgreSQL. */
  private commit(writer: Writer): void {
    if (writer.undecided.length === 0) {
      Object.assign(writer, idle())
      return
    }
    for (const position of writer.undecided) {
      if (BigInt(position) <= this.safe) this.faults.push(`${position} appeared below ${this.safe}`)
    }
    writer.undecided = []
  }

  private prepare(writer: Writer): void {
    writer.prepared = true
    writer.names = [...writer.names, `-1/${this.names++}`]
  }

  /** ROLLBACK TO SAVEPOINT gives the lock back although the transaction goes on; its positions are dead. */
  private release(writer: Writer): void {
    writer.undecided = []
    writer.locked = false
  }

  private read(): void {
    const wantsPosition = (this.reading === 'position first') === (Object.keys(this.seen).length === 0)
    if (wantsPosition) this.seen.lastPosition = BigInt(this.last)
    else this.seen.writers = this.writers.filter(({ locked }) => locked).flatMap(({ names }) => names)
    const { lastPosition, writers } = this.seen
    if (lastPosition === undefined || writers === undefined) return
    this.seen = {}
    this.poll({ lastPosition, writers })
  }

  private poll(marks: Marks): void {
    const safe = this.line.advance(marks)
    if (safe < this.safe) this.faults.push(`the horizon went back from ${this.safe} to ${safe}`)
    if (safe > marks.lastPosition) this.faults.push(`the horizon ${safe} is beyond ${marks.lastPosition}`)
    this.safe = safe
  }

  /** Every writer ends; then one look is enough. */
  settle(): bigint {
    for (const writer of this.writers) {
      while (writer.undecided.length > 0) this.commit(writer)
      Object.assign(writer, idle())
    }
    this.seen = {}
    this.poll({ lastPosition: BigInt(this.last), writers: [] })
    return this.safe
  }
}

const schedules = fc.array(fc.record({ actor: fc.nat(6), choice: fc.nat(9) }), {
  minLength: 5,
  maxLength: 150,
  size: 'max',
})

const run = (schedule: readonly Step[], line: Horizon, reading: Reading = 'position first'): Model => {
  const model = new Model(line, reading)
  for (const step of schedule) model.step(step)
  return model
}

const check = (make: () => Horizon, reading?: Reading) =>
  fc.check(
    fc.property(schedules, (schedule) => run(schedule, make(), reading).faults.length === 0),
    { numRuns: 5000, seed: 20_261_121 },
  )

/** A horizon that chooses the mark of a writer's first appearance by another rule. */
const variant = (
  markOf: (known: { readonly mark: bigint | undefined; previous: bigint; lastPosition: bigint }) => bigint,
): Horizon => {
  let previous = 0n
  let marks: ReadonlyMap<string, bigint> = new Map()
  return {
    advance: ({ lastPosition, writers }) => {
      marks = new Map(
        writers.map((name) => [name, markOf({ mark: marks.get(name), previous, lastPosition })]),
      )
      previous = lastPosition
      return [lastPosition, ...marks.values()].sort((a, b) => Number(a - b))[0] ?? lastPosition
    },
  }
}

describe('the horizon', () => {
  it('never lets an event appear below it, never goes back, under any schedule of writers', () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        expect(run(schedule, horizon(0n)).faults).toEqual([])
      }),
      { numRuns: 6000 },
    )
  })

  it('is at the end of the log as soon as every writer has ended', () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        const model = run(schedule, horizon(0n))
        expect(model.settle()).toBe(BigInt(model.last))
        expect(model.faults).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })

  it('stands at the checkpoint while writers are open that were there before the reader', () => {
    const line = horizon(40n)
    expect(line.advance({ lastPosition: 60n, writers: ['3/7'] })).toBe(40n)
    expect(line.advance({ lastPosition: 70n, writers: ['3/7', '4/9'] })).toBe(40n)
    expect(line.advance({ lastPosition: 80n, writers: ['4/9'] })).toBe(60n)
    expect(line.advance({ lastPosition: 80n, writers: [] })).toBe(80n)
  })

  it('keeps the mark of a writer that is listed under both names while it is being prepared', () => {
    const line = horizon(0n)
    line.advance({ lastPosition: 10n, writers: [] })
    expect(line.advance({ lastPosition: 20n, writers: ['3/7'] })).toBe(10n)
    expect(line.advance({ lastPosition: 30n, writers: ['3/7', '-1/900'] })).toBe(10n)
    expect(line.advance({ lastPosition: 40n, writers: ['-1/900'] })).toBe(10n)
    expect(line.advance({ lastPosition: 40n, writers: [] })).toBe(40n)
  })
})

describe('the same schedules convict a reader that', () => {
  it('reads the holders before the position', () => {
    expect(check(() => horizon(0n), 'holders first').failed).toBe(true)
  })

  it('marks a new writer with the position of this look instead of the one before', () => {
    const bad = () => variant(({ mark, lastPosition }) => mark ?? lastPosition)
    expect(check(bad).failed).toBe(true)
  })

  it('forgets when it first saw a writer', () => {
    expect(check(() => variant(({ previous }) => previous)).failed).toBe(true)
  })

  it('takes a prepared transaction for a new writer', () => {
    expect(check(() => variant(({ mark, previous }) => mark ?? previous)).failed).toBe(true)
  })

  it('reads without looking at writers', () => {
    expect(check(() => ({ advance: ({ lastPosition }) => lastPosition })).failed).toBe(true)
  })
})
