import pg from 'pg'
import { withDeadline } from '../lifecycle/deadline.ts'
import { type ErrorPlace, explainError } from './connection-error.ts'
import type { RawConnection } from './database.ts'

const patience = 2000

type TextRow = (string | null)[]

const asText = (value: string): string => value

/**
 * Opens a connection of its own whose values stay the text PostgreSQL sent. Parsing dates and JSON is half of what
 * `pg` costs a reader that passes them through. Statements are unnamed, so that it works behind PgBouncer, and
 * several reads may be in flight.
 */
export const openRawConnection = async (
  config: pg.ClientConfig,
  place: ErrorPlace,
  applicationName: string,
): Promise<RawConnection> => {
  const types = { getTypeParser: () => asText }
  const client = new pg.Client({ ...config, application_name: applicationName, pipeline: true, types })
  let closed = false
  const markClosed = (): void => {
    closed = true
  }
  client.on('error', markClosed)
  client.on('end', markClosed)
  try {
    await client.connect()
  } catch (error) {
    throw explainError(error, place)
  }
  const read = async (text: string, values: readonly unknown[] = []): Promise<readonly TextRow[]> => {
    try {
      const answer = await client.query<TextRow>({ text, values: [...values], rowMode: 'array' })
      return answer.rows
    } catch (error) {
      throw explainError(error, place, text)
    }
  }
  return {
    read,
    get closed() {
      return closed
    },
    close: async () => {
      closed = true
      // A half-open connection never says good-bye.
      await withDeadline(applicationName, client.end(), patience).catch(() =>
        client.connection.stream.destroy(),
      )
    },
  }
}
