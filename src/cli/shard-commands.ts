import type { Command } from 'commander'
import { divideRelay, planDivision } from '../relay/shard/topology.ts'
import { examples } from './examples.ts'
import type { Outcome } from './outcome.ts'
import type { Run, Task } from './run-command.ts'

const divide = async ({ database, options, parameters }: Task): Promise<Outcome> => {
  const [relay = '', shards = ''] = parameters
  const dryRun = options['dryRun'] === true
  const report = await (dryRun ? planDivision : divideRelay)(database, relay, Number(shards))
  const { from, to, changed } = report
  const change = `from ${from} to ${to} shards`
  const done = dryRun ? `would divide ${relay} anew, ${change}` : `${relay} changes ${change}`
  const text = changed ? done : `${relay} has ${to} shards already`
  return { json: { relay, from, to, changed, dryRun }, text }
}

export const shardCommands = (parent: Command, run: Run): void => {
  const command = parent
    .command('shards')
    .description('Change among how many shards a relay divides its log, for all of its instances')
    .argument('<relay>', 'name of the relay')
    .argument('<number>', 'how many shards, 1 to 64')
    .option('--dry-run', 'only say what would change')
    .addHelpText(
      'after',
      `
The shards of before finish what they have in hand and stop; then the new ones go on. Nothing is repeated, and the order
of each key stays. It takes some seconds. Events of one action whose keys fall to different shards are published apart.
${examples(['onewrite relay shards orders 4', 'divide the relay of the service orders among four'])}`,
    )
  run(command, divide)
}
