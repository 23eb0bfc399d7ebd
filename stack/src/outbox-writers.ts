import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'

/** Writers of an outbox table as an application has them: a transaction of one to three events, then a moment. */
export const startOutboxWriters = (databaseUrl: string, count: number): { stop(): Promise<void> } => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: count })
  const stopping = new AbortController()

  const transact = async (writer: number, from: number): Promise<number> => {
    const client = await pool.connect()
    const events = 1 + (from % 3)
    try {
      await client.query('begin')
      for (let at = 0; at < events; at += 1) {
        await client.query(
          `insert into outbox (id, aggregatetype, aggregateid, type, payload, sequence)
           values (gen_random_uuid(), 'order', $1, 'changed', $2, $3)`,
          [`order-${writer}`, { total: '12.50' }, from + at],
        )
      }
      await client.query('commit')
      return from + events
    } finally {
      client.release()
    }
  }

  const write = async (writer: number): Promise<void> => {
    for (let next = 1; !stopping.signal.aborted; ) {
      next = await transact(writer, next)
      await wait(10)
    }
  }

  const running = Promise.all(Array.from({ length: count }, (_, writer) => write(writer)))
  return {
    stop: async () => {
      stopping.abort()
      await running
      await pool.end()
    },
  }
}
