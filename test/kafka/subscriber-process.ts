import { kafka } from '../../src/kafka/kafka.ts'
import { readingMember } from '../support/reading.ts'

/** Reads a topic and tells of each change: the names of its partitions, and of those it lost. */
const [brokers = '', topic = '', sessionTimeout = '6000'] = process.argv.slice(2)

const member = readingMember()
const transport = kafka({ brokers: [brokers], sessionTimeout: Number(sessionTimeout) })
transport.subscribing.subscribe({ group: topic, topics: [topic] }, member)

let told = ''
setInterval(() => {
  const lost = member.readings
    .filter(({ assignment }) => assignment.lost.aborted)
    .map(({ assignment }) => assignment.name)
  const now = JSON.stringify({ now: member.now(), lost })
  if (now === told) return
  told = now
  process.stdout.write(`${now}\n`)
}, 20)
