import { missingRights, type Task } from '../postgres/missing-rights.ts'
import { type Check, ok, skipped, warning } from './check.ts'
import type { ServerFacts } from './server-facts.ts'

const tasks: readonly Task[] = ['writer', 'relay', 'consumer', 'migrator']

const grants: Check<ServerFacts> = {
  name: 'postgres.grants',
  look: async ({ database, walRelays }) => {
    if (walRelays === undefined) return skipped('the schema is not installed, or not up to date')
    const missing = await missingRights(database)
    const can = tasks.filter((task) => missing[task].length === 0)
    const lacks = tasks
      .filter((task) => missing[task].length > 0)
      .map((task) => `for ${task} it lacks ${missing[task].join(', ')}`)
    const words = [`this role can be ${can.length === 0 ? 'nothing' : can.join(', ')}`, ...lacks].join('; ')
    if (can.length > 0) return ok(words)
    return warning(
      words,
      'Call grantRoles() again after a migration; docs/roles.md lists what each task needs.',
    )
  },
}

export const grantChecks: readonly Check<ServerFacts>[] = [grants]
