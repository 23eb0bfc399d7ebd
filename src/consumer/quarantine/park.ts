import { enqueue } from '../../dead-letter/enqueue.ts'
import { keyQueue } from '../../dead-letter/queue.ts'
import { failpoint } from '../../lifecycle/failpoint.ts'
import { append } from '../../log/append.ts'
import type { Context } from '../context.ts'
import { markInbox } from '../inbox/mark.ts'
import { type Failure, own } from '../lane/failure.ts'
import { outgoingOf } from '../message/outgoing.ts'
import type { Entry } from '../partition/in-hand.ts'
import { assertOwned } from '../partition/ownership.ts'
import { forgetRetries } from '../retries.ts'
import { deadLetterEvent } from './dlq.ts'

/** With `skip` nobody waits behind it: it gets a queue of its own. */
const queueOf = ({ consumer }: Context, { received }: Entry) =>
  consumer.plan.onFailure === 'skip'
    ? keyQueue({ topic: received.queue.topic, key: null }, received.id)
    : received.queue

/**
 * Keeps an event as a dead letter, in one transaction with its inbox mark and the event that publishes it. What follows
 * of its key finds the quarantine and is put behind.
 *
 * @throws OwnFailure
 */
export const park = async (
  context: Context,
  entry: Entry,
  { cause }: Failure,
  attempts: number,
): Promise<void> => {
  const { consumer, id, reader, database, retries, publishing } = context
  const { received, partition, offset } = entry
  const queue = queueOf(context, entry)
  const record = outgoingOf(received.record)
  await own(
    database.transaction(async (tx) => {
      const fresh = await markInbox(tx, id, [received.id])
      if (fresh.size > 0) {
        const parked = { id: received.id, queue, record, position: offset, cause, attempts }
        const [number] = await enqueue(tx, reader, [parked])
        const { name } = consumer
        const copied = { consumer: name, group: name, queue, record: received.record, attempts, cause }
        const event = publishing && number !== undefined ? deadLetterEvent({ ...copied, number }) : undefined
        if (event !== undefined) await append(tx, [event])
      }
      await forgetRetries(tx, id, [received.id])
      await assertOwned(tx, id, [partition.owned])
    }),
  )
  retries.delete(received.id)
  failpoint('consumer.parked')
  context.watch.parked(entry, cause)
  if (publishing) context.recorded()
}
