import { route } from '../../src/kafka/route.ts'

/** Routes one topic to another under a fixed name of the instance, until it is killed. */
const [brokers = '', from = '', to = ''] = process.argv.slice(2)

route({
  name: from,
  instance: 'only',
  kafka: { brokers: [brokers], sessionTimeout: 6_000 },
  from,
  to,
  map: ({ key, value, headers }) => ({ key, value, headers }),
}).start()
