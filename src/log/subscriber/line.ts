import type { Database, RawConnection } from '../../postgres/database.ts'
import { quoteIdentifier } from '../../postgres/identifier.ts'

/**
 * A connection for leases and progress alone, one for all groups of a process: handlers may hold every connection of
 * the pool for longer than a lease lasts.
 */
export interface Line {
  /** Quoted name of the schema. */
  readonly schema: string
  /** Rows as arrays of text. Opens the connection where there is none. */
  read(text: string, values: readonly unknown[]): Promise<readonly (readonly (string | null)[])[]>
  /** Closes it, also where it does not answer; the next read opens another one. */
  hangUp(): void
}

export const openLine = (database: Database): Line => {
  let opened: Promise<RawConnection> | undefined

  const hangUp = (): void => {
    const before = opened
    opened = undefined
    before?.then((connection) => connection.close()).catch(() => undefined)
  }

  const connected = async (): Promise<RawConnection> => {
    opened ??= database.rawConnection({ applicationName: 'onewrite leases' })
    const mine = opened
    try {
      const connection = await mine
      if (!connection.closed) return connection
    } catch (error) {
      if (opened === mine) opened = undefined
      throw error
    }
    if (opened === mine) opened = undefined
    return connected()
  }

  return {
    schema: quoteIdentifier('schema', database.schema),
    read: async (text, values) => {
      const connection = await connected()
      try {
        return await connection.read(text, values)
      } catch (error) {
        // Whatever it was: a connection costs less than to find out whether this one is still good.
        hangUp()
        throw error
      }
    },
    hangUp,
  }
}
