import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '../../src/postgres/database.ts'
import { type ConsumerChild, type ConsumerSettings, startConsumerChild } from './consumer-child.ts'
import type { InstanceStep } from './consumer-plan.ts'
import type { Watch } from './consumer-watch.ts'

/** The instances of one consumer. */
export interface Fleet {
  /** Resolves once each has something to do. Rejects where one ended instead. */
  readonly ready: Promise<void>
  /** Lets the step happen. Resolves with whether it did. */
  meet(step: InstanceStep): Promise<boolean>
  /** A new instance comes, then an old one goes. Resolves with whether both did, in good order. */
  replace(place: number): Promise<boolean>
  /** All go. Resolves with whether they did in good order. */
  leave(): Promise<boolean>
  kill(): Promise<void>
  /** What instances printed that ended although nobody had asked them to. */
  readonly early: readonly string[]
  /** The last lines of each. */
  output(): string
}

export interface FleetOptions {
  readonly settings: ConsumerSettings
  readonly database: Database
  readonly watch: Watch
  readonly instances: number
}

const patience = 60_000

/** Waits for a condition; says whether it came true. */
export const came = async (condition: () => boolean | Promise<boolean>): Promise<boolean> => {
  const deadline = performance.now() + patience
  while (!(await condition())) {
    if (performance.now() > deadline) return false
    await wait(20)
  }
  return true
}

const tokensSql = `
  select p.name, p.token::text from onewrite.consumer_partitions p join onewrite.consumers c on c.id = p.consumer
  where c.name = $1`

/** Of the partitions of a consumer: another one means that another instance has it. */
export const tokensOf = async (
  database: Database,
  consumer: string,
): Promise<ReadonlyMap<string, string>> => {
  const { rows } = await database.query<{ name: string; token: string }>(tokensSql, [consumer])
  return new Map(rows.map(({ name, token }) => [name, token]))
}

const firstOf = (children: readonly ConsumerChild[]): Promise<boolean> =>
  Promise.race([...children.map(({ ended }) => ended.then(() => true)), wait(patience).then(() => false)])

const outputOf = (children: readonly ConsumerChild[]): string =>
  children.map((child) => child.output()).join('\n---\n')

/** Frozen until what it had is another's, by the account of the transport or also by that of the database. */
const thawLate = async (options: FleetOptions, child: ConsumerChild, thorough: boolean): Promise<boolean> => {
  const { database, settings, watch } = options
  const had = [...child.partitions].filter((name) => watch.owners.get(name) === child)
  try {
    const before = await tokensOf(database, settings.consumer)
    const given = await came(() => had.every((name) => watch.owners.get(name) !== child))
    if (!given || !thorough) return given && had.length > 0
    return await came(async () => {
      const now = await tokensOf(database, settings.consumer)
      return had.every((name) => now.get(name) !== before.get(name))
    })
  } finally {
    child.thaw()
  }
}

/** Those that run, and who of them may end. */
interface Crew {
  readonly places: ConsumerChild[]
  readonly early: string[]
  at(place: number): ConsumerChild
  launch(): ConsumerChild
  /** Starts new ones where some have ended. */
  revive(): void
  /** Ends one on purpose. */
  end<Ending>(child: ConsumerChild, how: () => Promise<Ending>): Promise<Ending>
  readonly mayEnd: Set<ConsumerChild>
}

const hire = ({ settings, watch, instances }: FleetOptions): Crew => {
  const places: ConsumerChild[] = []
  const mayEnd = new Set<ConsumerChild>()
  const early: string[] = []
  const launch = (): ConsumerChild => {
    const child = startConsumerChild(settings, (report) => watch.heard(() => child, report))
    void child.ended.then(() => mayEnd.has(child) || early.push(child.output()))
    return child
  }
  for (let count = 0; count < instances; count += 1) places.push(launch())
  return {
    places,
    early,
    mayEnd,
    launch,
    at: (place) => {
      const child = places[place]
      if (child === undefined) throw new Error(`there is no instance ${place}`)
      return child
    },
    revive: () => {
      for (const [place, child] of places.entries()) if (child.hasEnded()) places[place] = launch()
    },
    end: (child, how) => {
      mayEnd.add(child)
      return how()
    },
  }
}

const allReady = async ({ places, early }: Crew): Promise<void> => {
  const all = await came(() => early.length > 0 || places.every(({ partitions }) => partitions.size > 0))
  if (all && early.length === 0) return
  throw new Error(`not every instance got partitions\n${[...early, outputOf(places)].join('\n---\n')}`)
}

const hasSomething = (child: ConsumerChild): Promise<boolean> => came(() => child.partitions.size > 0)

/** Whoever passes it first. */
const killAt = async ({ places, mayEnd, revive }: Crew, failpoint: string): Promise<boolean> => {
  for (const child of places) mayEnd.add(child)
  const armed = places.map((child) => child.arm(failpoint))
  const died = await firstOf(places)
  await Promise.all([...armed, ...places.map((child) => child.arm(''))])
  revive()
  for (const child of places) mayEnd.delete(child)
  return died
}

const freeze = async (child: ConsumerChild, failpoint: string | undefined): Promise<boolean> => {
  if (failpoint === undefined) child.freeze()
  else await child.arm(failpoint)
  const frozen = await came(() => child.isFrozen())
  if (!frozen) await child.arm('')
  return frozen
}

const meet = async (options: FleetOptions, crew: Crew, step: InstanceStep): Promise<boolean> => {
  crew.revive()
  if (step.kind === 'failpoint') return killAt(crew, `${step.name}=kill@${step.passage}`)
  const child = crew.at(step.instance)
  if (step.kind === 'random') {
    await wait(step.after)
    await crew.end(child, child.kill)
    crew.revive()
    return true
  }
  if (!(await hasSomething(child))) return false
  if (step.kind === 'leave') {
    const inOrder = await crew.end(child, child.leave)
    await wait(step.away)
    crew.revive()
    return inOrder
  }
  if (step.kind === 'zombie') await wait(step.after)
  const place = step.kind === 'zombie at' ? `${step.name}=stop@${step.passage}` : undefined
  return (await freeze(child, place)) && (await thawLate(options, child, step.thorough))
}

const replace = async ({ places, at, launch, end }: Crew, place: number): Promise<boolean> => {
  const old = at(place)
  const fresh = launch()
  places[place] = fresh
  const joined = await hasSomething(fresh)
  return (await end(old, old.leave)) && joined
}

export const startFleet = (options: FleetOptions): Fleet => {
  const crew = hire(options)
  const { places, early, end } = crew
  return {
    ready: allReady(crew),
    early,
    meet: (step) => meet(options, crew, step),
    replace: (place) => replace(crew, place),
    leave: async () => {
      const inOrder = await Promise.all(places.map((child) => end(child, child.leave)))
      return inOrder.every(Boolean)
    },
    kill: async () => {
      await Promise.all(places.map((child) => end(child, child.kill)))
    },
    output: () => outputOf(places),
  }
}
