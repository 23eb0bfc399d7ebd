import { logSubscribing } from '../../src/log/subscribe.ts'
import { pgDatabase } from '../../src/postgres/pg-database.ts'
import type { Assignment } from '../../src/transport/subscriber.ts'
import { encode, leaseTtl } from './encode-events.ts'

// An instance in a process of its own. It settles nothing until it was stopped and goes on: then it settles everything
// at once, in the first moment that it has. Each line it prints is one thing that happened.

const [url = '', group = ''] = process.argv.slice(2)
const say = (line: Readonly<Record<string, unknown>>): void =>
  void process.stdout.write(`${JSON.stringify(line)}\n`)

const log = logSubscribing({ database: pgDatabase({ url, max: 4 }), encode, leaseTtl })
const held = new Set<Assignment>()

const follow = async (assignment: Assignment): Promise<void> => {
  for (;;) {
    const records = await assignment.next({ records: 100, bytes: 1024 * 1024 })
    if (records.length === 0) return
    for (const { key } of records) say({ key: String(key) })
  }
}

log.subscribe(
  { group },
  {
    assigned: async (assignment) => {
      held.add(assignment)
      say({ held: held.size })
      assignment.begin()
      void follow(assignment)
    },
    revoked: async (assignment) => {
      held.delete(assignment)
      say({ held: held.size })
    },
  },
)

let last = performance.now()
setInterval(() => {
  const now = performance.now()
  const stopped = now - last > leaseTtl / 2
  last = now
  if (!stopped) return
  const zombies = [...held]
  for (const assignment of zombies) assignment.settle(1_000_000n)
  say({ zombies: zombies.length, lost: zombies.filter(({ lost }) => lost.aborted).length })
}, 1)
