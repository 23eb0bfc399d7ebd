import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { seedOf } from '../fault/seed.ts'
import { type Build, changed } from './quarantine-history.ts'
import { playShared, sharedFaultsOf } from './shared-queue-history.ts'

const seed = seedOf()

type Edit = readonly [find: string, replace: string]

interface KnownBad {
  readonly name: string
  readonly file: string
  readonly edits: readonly [Edit, ...Edit[]]
  /** What it is convicted of. */
  readonly fault: RegExp
}

const builds: readonly KnownBad[] = [
  {
    name: 'lets what follows a parked event of its key pass',
    file: 'open-queues.ts',
    edits: [['queues.length === 0 ?', 'queues.length >= 0 ?']],
    fault: /^reordered/,
  },
  {
    name: 'locks a queue to close it, and does not look again',
    file: 'close-queues.ts',
    edits: [
      ['for update skip locked', 'for update'],
      ['number = any($1::bigint[]) and ', 'number = any($1::bigint[]) or '],
    ],
    fault: /^(lost|left)/,
  },
  {
    name: 'looks whether a queue is empty before it locks it',
    file: 'close-queues.ts',
    edits: [['for update skip locked', '']],
    fault: /^(lost|left)/,
  },
  {
    name: 'does not lock the queue that a record goes behind',
    file: 'open-queues.ts',
    edits: [['order by q.number for key share of q', 'order by q.number']],
    fault: /^(lost|left)/,
  },
  {
    name: 'takes a queue back in which nothing is seen to wait',
    file: 'take-head.ts',
    edits: [
      ['if (first !== undefined) await', 'await'],
      ["'released') limit 1)", "'released') limit 1) is not false"],
    ],
    fault: /^(lost|left)/,
  },
  {
    name: 'lets two instances work on a queue, and believes both',
    file: 'take-head.ts',
    edits: [
      ['for no key update of q skip locked', ''],
      [
        "where number = $1 and state in ('held', 'released')`\n\n/**\n * In the",
        'where number = $1`\n\n/**\n * In the',
      ],
    ],
    fault: /^(repeated|reordered)/,
  },
]

const made = async ({ file, edits: [[find, replace], ...others] }: KnownBad): Promise<Build> => {
  const path = `dead-letter/${file}`
  const build = await changed(path, find, replace)
  for (const [other, by] of others) {
    const text = await readFile(join(build.source, path), 'utf8')
    expect(text.split(other).length).toBe(2)
    await writeFile(
      join(build.source, path),
      text.replace(other, () => by),
    )
  }
  return build
}

const most = 60

it.each(builds)(
  'a build that $name is convicted',
  async (known) => {
    const build = await made(known)
    try {
      for (let run = 0; run < most; run += 1) {
        const faults = sharedFaultsOf(
          await playShared(build, { seed: seed + run, events: 25, patience: 2_000 }),
        )
        if (faults.some((found) => known.fault.test(found))) {
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
