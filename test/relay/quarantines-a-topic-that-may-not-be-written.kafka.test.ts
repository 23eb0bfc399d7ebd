import { afterAll, beforeAll, expect, it } from 'vitest'
import { redrive } from '../../src/dead-letter/decide.ts'
import { countDeadLetters } from '../../src/dead-letter/list.ts'
import { kafka } from '../../src/kafka/kafka.ts'
import { readTopic } from '../../src/kafka/read-topic.ts'
import { service } from '../../src/service/service.ts'
import { grant } from '../support/access.ts'
import { uniqueTopic } from '../support/broker.ts'
import { freshDatabase } from '../support/database.ts'
import { type SaslBroker, startSaslBroker } from '../support/sasl-broker.ts'
import { appendAll, deposited } from './events.ts'

const timeout = 60_000
const credentials = { mechanism: 'plain', username: 'limited', password: 'secret-of-limited' } as const

let broker: SaslBroker

beforeAll(async () => {
  broker = await startSaslBroker(credentials.username, credentials.password, { authorizes: true })
})
afterAll(() => broker.close())

const readIds = async (topic: string): Promise<readonly (string | undefined)[]> =>
  (await readTopic(broker.openAddress, topic).catch(() => [])).map(({ headers }) => headers['id'])

it.each([
  ['may be seen but not written', 'limited', 'Describe'],
  ['may not even be seen', 'somebody', 'Read'],
] as const)(
  'a topic that %s is quarantined whole, others flow, and once it is granted all arrives in order',
  async (_, user, operation) => {
    const { database } = await freshDatabase()
    const name = uniqueTopic('relay')
    const [open, denied] = [uniqueTopic('open'), uniqueTopic('denied')]
    const creating = kafka({ brokers: [broker.openAddress] })
    await creating.publishing.createTopics([{ name: open }, { name: denied }])
    await creating.close()
    await grant({ broker: broker.openAddress, user, topic: denied, operation })
    const app = await service({
      name,
      database,
      transport: kafka({ brokers: [broker.address], sasl: credentials, allowInsecure: true }),
      topic: ({ aggregate }) => (aggregate === 'account' ? denied : open),
      createTopics: [open, denied],
    }).start()
    const other = (key: string) => ({ ...deposited(key), aggregate: 'other' })
    const waiting = await appendAll(
      database,
      ['a', 'b', 'a', 'c', 'b'].map((key) => deposited(key)),
    )
    const flowing = await appendAll(database, [other('a'), other('b'), other('c')])
    await expect.poll(async () => (await readIds(open)).length, { timeout }).toBe(3)
    expect([...(await readIds(open))].sort()).toEqual(flowing.toSorted())
    await expect
      .poll(() => countDeadLetters(database, `relay/${name}`), { timeout })
      .toMatchObject({ topics: 1, quarantines: 1, parked: 1, waiting: 4 })
    const health = () => app.health()
    await expect.poll(() => health().state, { timeout }).toBe('degraded')
    expect(health().parts.some(({ reason = '' }) => reason.includes('1 topic is refused'))).toBe(true)
    await grant({ broker: broker.openAddress, user: credentials.username, topic: denied, operation: 'All' })
    await redrive(database, { topic: denied }, { actor: 'test' })
    await expect.poll(async () => (await readIds(denied)).length, { timeout }).toBe(5)
    expect([...(await readIds(denied))].sort()).toEqual(waiting.toSorted())
    await expect.poll(() => health().state, { timeout }).toBe('up')
    await app.stop()
  },
  180_000,
)
