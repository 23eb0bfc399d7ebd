import { clientCalls } from '../../src/kafka/call.ts'
import { loadClient, type ProducerHandle } from '../../src/kafka/client.ts'
import { brokers } from './broker.ts'

const timeout = 10_000
const { call } = clientCalls()

const connected = async (settings: Readonly<Record<string, string | number>>): Promise<ProducerHandle> => {
  const { Producer } = loadClient()
  const handle = new Producer({
    'bootstrap.servers': brokers(),
    ...settings,
  })
  await call('connecting', timeout, (callback) => handle.connect({ timeout }, callback))
  return handle
}

const disconnected = (handle: ProducerHandle): Promise<unknown> =>
  call('disconnecting', timeout, (callback) => handle.disconnect(timeout, callback))

/** Makes a topic of one partition with settings of its own. */
export const createTopicWith = async (
  topic: string,
  config: Readonly<Record<string, string>>,
): Promise<void> => {
  const handle = await connected({})
  const wanted = { topic, num_partitions: 1, replication_factor: 1, config }
  const admin = loadClient().AdminClient.createFrom(handle)
  await call('creating a topic', timeout, (callback) => admin.createTopic(wanted, timeout, callback))
  await disconnected(handle)
}

export interface ForeignTransaction {
  commit(): Promise<void>
  abort(): Promise<void>
  close(): Promise<void>
}

/** A transaction of somebody else that has written records to partition 0 of a topic and is still open. */
export const openForeignTransaction = async (
  topic: string,
  keys: readonly string[],
): Promise<ForeignTransaction> => {
  const handle = await connected({ 'transactional.id': `foreign-${topic}-${performance.now()}` })
  await call('init', timeout, (callback) => handle.initTransactions(timeout, callback))
  await call('begin', timeout, (callback) => handle.beginTransaction(callback))
  for (const key of keys) {
    handle.produce(topic, 0, Buffer.from('foreign'), Buffer.from(key), null, undefined, [])
  }
  await call('flush', timeout, (callback) => handle.flush(timeout, callback))
  return {
    commit: async () => {
      await call('commit', timeout, (callback) => handle.commitTransaction(timeout, callback))
    },
    abort: async () => {
      await call('abort', timeout, (callback) => handle.abortTransaction(timeout, callback))
    },
    close: async () => {
      await disconnected(handle)
    },
  }
}
