import { route } from '../../src/kafka/route.ts'

/** Routes one topic to another until it is killed. */
const [brokers = '', from = '', to = '', instance = ''] = process.argv.slice(2)

route({
  name: from,
  instance,
  kafka: { brokers: [brokers], sessionTimeout: 6_000 },
  from,
  to,
  map: ({ key, value, headers }) => ({ key, value, headers }),
}).start()
