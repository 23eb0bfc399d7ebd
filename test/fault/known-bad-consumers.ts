import type { ConsumerVerdict } from './consumer-history.ts'
import type { KnownBad } from './known-bad.ts'

/** A consumer with a fault put in, and what it is convicted of. */
export interface BadConsumer extends KnownBad {
  readonly convictedOf: keyof ConsumerVerdict
}

const badProgress: readonly BadConsumer[] = [
  {
    name: 'commits the highest offset instead of the settled prefix',
    changes: [
      {
        file: 'consumer/partition/settled-prefix.ts',
        find: 'return lowest ?? beyond',
        replace: 'return beyond ?? lowest',
      },
    ],
    convictedOf: 'passed',
  },
  {
    name: 'moves the offset before the effect is committed',
    changes: [
      {
        file: 'consumer/lane/work.ts',
        find: 'const begun = performance.now()\n',
        replace:
          'const begun = performance.now()\n' +
          '  for (const { entries } of units) for (const one of entries) one.partition.prefix.settle(one.offset)\n',
      },
    ],
    convictedOf: 'passed',
  },
  {
    name: 'goes on with the next event after one failed in passing',
    changes: [
      {
        file: 'consumer/lane/run-alone.ts',
        find: 'return { dealt: 0, wait: Math.max(1, decision.wait), alone: true }',
        replace: 'entry.partition.prefix.settle(entry.offset); return { dealt: 1 }',
      },
    ],
    convictedOf: 'lost',
  },
]

const badInboxes: readonly BadConsumer[] = [
  {
    name: 'marks the inbox outside of the transaction of the effect',
    changes: [
      {
        file: 'consumer/lane/attempt.ts',
        find: 'const begin = async ({ consumer, id, reader }: Context, tx',
        replace: 'const begin = async ({ consumer, id, reader, database }: Context, tx',
      },
      {
        file: 'consumer/lane/attempt.ts',
        find: 'Promise.all([markInbox(tx, id, ids)',
        replace: 'Promise.all([markInbox(database, id, ids)',
      },
    ],
    convictedOf: 'lost',
  },
  {
    name: 'tells records by their offset instead of events by their id',
    changes: [
      {
        file: 'consumer/lane/attempt.ts',
        find: 'const ids = [...new Set(entries.map(({ received }) => received.id))]',
        replace: 'const ids = entries.map(({ partition, offset }) => partition.owned.name + offset)',
      },
      {
        file: 'consumer/lane/attempt.ts',
        find: 'if (!fresh.delete(entry.received.id))',
        replace: 'if (!fresh.delete(entry.partition.owned.name + entry.offset))',
      },
    ],
    convictedOf: 'duplicate',
  },
  {
    name: 'records what handlers return in a transaction of its own',
    changes: [
      {
        file: 'consumer/lane/attempt.ts',
        find: 'filling.events.push(...answer.events)\n',
        replace:
          'if (answer.events.length > 0) await context.database.transaction((tx) => append(tx, answer.events))\n',
      },
    ],
    convictedOf: 'chainedAgain',
  },
]

const badQuarantines: readonly BadConsumer[] = [
  {
    name: 'does not park what follows a parked event',
    changes: [
      {
        file: 'consumer/lane/attempt.ts',
        find: 'else if (open.has(lane)) {',
        replace: "else if (open.has('')) {",
      },
    ],
    convictedOf: 'reordered',
  },
  {
    name: 'marks a dead letter as delivered before its effect is committed',
    changes: [
      {
        file: 'consumer/quarantine/redrive.ts',
        find: '      await own(markDelivered(tx, head))\n',
        replace: '',
      },
      {
        file: 'consumer/quarantine/redrive.ts',
        find: '      const attempt = head.attempts',
        replace:
          '      await context.database.transaction((other) => markDelivered(other, head))\n' +
          '      const attempt = head.attempts',
      },
    ],
    convictedOf: 'lost',
  },
  {
    name: 'redrives what waits from the last to the first',
    changes: [
      {
        file: 'dead-letter/take-head.ts',
        find: 'order by place limit 1`',
        replace: 'order by place desc limit 1`',
      },
    ],
    convictedOf: 'reordered',
  },
  {
    name: 'goes on with no other key once one has to wait',
    changes: [
      {
        file: 'consumer/lane/lanes.ts',
        find: 'allot([...state.ready], most)',
        replace: 'allot([...state.ready], state.stuck ? 0 : most)',
      },
      {
        file: 'consumer/lane/lanes.ts',
        find: 'state.waiting += 1\n',
        replace: 'state.stuck = state.waiting += 1\n',
      },
    ],
    convictedOf: 'heldUp',
  },
]

/** What a campaign without any fault finds: the failures of handlers are enough. */
export const badConsumers: readonly BadConsumer[] = [...badProgress, ...badInboxes, ...badQuarantines]
