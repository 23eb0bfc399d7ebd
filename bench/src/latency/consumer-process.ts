// A read_committed consumer, and when it had each event in its hands.
import { clientCalls } from '../../../src/kafka/call.ts'
import { type ConsumedMessage, loadClient } from '../../../src/kafka/client.ts'
import { readerSettings } from '../../../src/kafka/client-settings.ts'
import { connectHandle, makeHandle } from '../../../src/kafka/connect.ts'
import { watchClient } from '../../../src/kafka/watch-client.ts'
import { answer, readInput, sayReady } from '../parent.ts'
import { configFor } from '../relay/publishing.ts'
import { microseconds } from './clock.ts'

export interface ConsumerInput {
  readonly brokers: string
  readonly topic: string
  readonly partitions: number
  /** It ends once it has seen so many different events. */
  readonly events: number
}

/** For each event, its id and the microsecond in which it arrived first. */
export type ConsumerFigures = readonly (readonly [string, number])[]

/** Of the client, beyond what the library needs of it: hand out what has arrived instead of waiting for more. */
interface Prompt {
  setDefaultIsTimeoutOnlyForFirstMessage(on: boolean): unknown
}
const isPrompt = (handle: object): handle is Prompt => 'setDefaultIsTimeoutOnlyForFirstMessage' in handle

const { brokers, topic, partitions, events } = readInput<ConsumerInput>()
const config = configFor(brokers)
// The broker answers a fetch as soon as there is one record, so this only bounds how often it is asked in vain.
const settings = { ...readerSettings(config, 'read_committed'), 'fetch.wait.max.ms': 500 }
const handle = makeHandle(loadClient().KafkaConsumer, settings, config)
const calls = clientCalls()
await connectHandle(handle, calls, watchClient(handle, config), config)
handle.setDefaultConsumeTimeout(100)
if (!isPrompt(handle)) throw new Error('this version of the client cannot hand out what it has')
handle.setDefaultIsTimeoutOnlyForFirstMessage(true)
handle.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })))

const idOf = ({ headers = [] }: ConsumedMessage): string => {
  for (const header of headers) if (header['id'] !== undefined) return header['id'].toString()
  throw new Error('a record has no id')
}

const arrived = new Map<string, number>()
sayReady()
while (arrived.size < events) {
  const messages = await calls.call<readonly ConsumedMessage[]>('consuming', 10_000, (callback) =>
    handle.consume(1000, callback),
  )
  const now = microseconds()
  for (const message of messages) {
    const id = idOf(message)
    if (!arrived.has(id)) arrived.set(id, now)
  }
}
await calls.call('disconnecting', 10_000, (callback) => handle.disconnect(callback))
answer([...arrived] satisfies ConsumerFigures)
