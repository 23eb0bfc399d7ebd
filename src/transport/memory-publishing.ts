import { OnewriteError } from '../error/onewrite-error.ts'
import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { MemoryLog } from './memory-log.ts'
import type { Publisher, Publishing, TransactionalPublisher } from './publisher.ts'
import { recordCheck } from './record-faults.ts'
import { closedError, spending } from './spending.ts'

const openPublisher = (log: MemoryLog): Publisher => {
  const check = recordCheck()
  const calls = spending()
  return {
    publish: (records) =>
      calls.run(async () => {
        check(records)
        log.append(records)
      }),
    close: async () => calls.spend(closedError()),
  }
}

interface Names {
  readonly owners: Map<string, symbol>
  readonly checkpoints: Map<string, string>
}

const openTransactional = (log: MemoryLog, names: Names, name: string): TransactionalPublisher => {
  const self = Symbol(name)
  names.owners.set(name, self)
  const check = recordCheck()
  const calls = spending()
  let open: OutgoingRecord[] = []

  const checkOwner = (): void => {
    if (names.owners.get(name) !== self) throw new OnewriteError('FENCED', { name })
  }

  return {
    checkpoint: names.checkpoints.get(name),
    publish: (records) =>
      calls.run(async () => {
        checkOwner()
        check(records)
        for (const record of records) open.push(record)
      }),
    commit: (checkpoint) =>
      calls.run(async () => {
        checkOwner()
        const records = open
        open = []
        // Rejects where a record is refused; the checkpoint then stays.
        log.append(records)
        names.checkpoints.set(name, checkpoint)
      }),
    close: async () => {
      calls.spend(closedError())
      open = []
    },
  }
}

export const memoryPublishing = (log: MemoryLog): Publishing => {
  const names: Names = { owners: new Map(), checkpoints: new Map() }
  return {
    publisher: async () => openPublisher(log),
    transactionalPublisher: async ({ name }) => openTransactional(log, names, name),
    createTopics: async (topics) => {
      for (const topic of topics) log.create(topic)
    },
  }
}
