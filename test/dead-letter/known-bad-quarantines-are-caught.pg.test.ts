import { expect, it } from 'vitest'
import { seedOf } from '../fault/seed.ts'
import { changed, faultsOf, play } from './quarantine-history.ts'

const seed = seedOf()

interface KnownBad {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
  /** What it is convicted of. */
  readonly fault: RegExp
}

const builds: readonly KnownBad[] = [
  {
    name: 'lets what follows a refused record of its key pass',
    file: 'relay/quarantine/verdict.ts',
    find: 'return closed && { queue: closed }',
    replace: 'return undefined',
    fault: /^reordered/,
  },
  {
    name: 'keeps a record in the database only after the checkpoint moved past it',
    file: 'relay/quarantine/gate.ts',
    find: 'await setAside(database, owner, sorted.asides)',
    replace: 'setTimeout(() => void setAside(database, owner, sorted.asides).catch(() => undefined), 100)',
    fault: /^lost/,
  },
  {
    name: 'releases dead letters without saying so in the checkpoint',
    file: 'relay/quarantine/gate.ts',
    find: 'released: leaving.released',
    replace: 'released: 0n',
    fault: /^repeated/,
  },
  {
    name: 'does not look again at a queue that nothing keeps back',
    file: 'dead-letter/set-aside.ts',
    find: 'await tx.query(wakeSql(tx.schema), named)',
    replace: '',
    fault: /^lost/,
  },
  {
    name: 'believes what a session set aside that did not move its checkpoint',
    file: 'relay/quarantine/gate.ts',
    find: 'recover(database, owner, marksOf(checkpoint))',
    replace: 'recover(database, owner, { ...marksOf(checkpoint), placed: 1_000_000n })',
    fault: /^(reordered|lost)/,
  },
]

/** Most faults show in the first history; one shows in few, because what operators do next hides it. */
const most = 80

it.each(builds)(
  'a build that $name is convicted',
  async ({ file, find, replace, fault }) => {
    const build = await changed(file, find, replace)
    try {
      for (let run = 0; run < most; run += 1) {
        const options = { seed: seed + run, steps: 40, delivery: 'exactly-once', patience: 4_000 } as const
        const faults = faultsOf(await play(build, options), options)
        if (faults.some((found) => fault.test(found))) {
          console.log(`${run + 1} histories from seed ${seed}`)
          return
        }
      }
      expect.fail(`nothing found in ${most} histories from seed ${seed}`)
    } finally {
      await build.remove()
    }
  },
  240_000,
)
