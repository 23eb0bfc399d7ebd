import { orderedReader } from '../../src/log/ordered-reader.ts'
import type { Database, RawConnection } from '../../src/postgres/database.ts'

/** What a test wants to know of an event that was read. */
export interface Seen {
  readonly position: bigint
  readonly stream: string
  readonly sequence: number
}

export interface Reader {
  /** One look at the log. */
  look(): Promise<readonly Seen[]>
  close(): Promise<void>
}

type Row = readonly (string | null)[]

const columns = 'position::text, aggregate_id, sequence::text, tx_id::text'

const toSeen = (row: Row): Seen => ({
  position: BigInt(row[0] ?? '0'),
  stream: row[1] ?? '',
  sequence: Number(row[2]),
})

export const everything = async (database: Database): Promise<readonly Seen[]> => {
  const connection = await database.rawConnection({ applicationName: 'truth' })
  const rows = await connection.read(`select ${columns} from onewrite.events e order by e.position`)
  await connection.close()
  return rows.map(toSeen)
}

/** The reader of the library. With `lives` it reconnects after so many looks and goes on after what it has seen. */
export const libraryReader = async (
  database: Database,
  lives = Number.POSITIVE_INFINITY,
): Promise<Reader> => {
  const connect = () => database.rawConnection({ applicationName: 'ordered' })
  let connection = await connect()
  let reader = orderedReader(connection, database.schema, 0n)
  let through = 0n
  let looks = 0
  return {
    look: async () => {
      if (++looks % lives === 0) {
        await connection.close()
        connection = await connect()
        reader = orderedReader(connection, database.schema, through)
      }
      const page = await reader.next({ events: 100, bytes: 1_000_000 })
      through = page.through
      return page.events.map((event) => ({
        position: BigInt(event.position),
        stream: event.aggregateId,
        sequence: Number(event.sequence),
      }))
    },
    close: () => connection.close(),
  }
}

const cursorReader = async (
  database: Database,
  read: (connection: RawConnection, last: Row | undefined) => Promise<readonly Row[]>,
): Promise<Reader> => {
  const connection = await database.rawConnection({ applicationName: 'known to be bad' })
  let last: Row | undefined
  return {
    look: async () => {
      const rows = await read(connection, last)
      last = rows.at(-1) ?? last
      return rows.map(toSeen)
    },
    close: () => connection.close(),
  }
}

/** Known to be bad: takes the order of positions for the order of commits. */
export const positionReader = (database: Database): Promise<Reader> =>
  cursorReader(database, (connection, last) =>
    connection.read(
      `select ${columns} from onewrite.events e where e.position > $1 order by e.position limit 100`,
      [last?.[0] ?? '0'],
    ),
  )

/** Known to be bad: takes the order in which transactions got their ids for the order of their writes. */
export const transactionReader = (database: Database): Promise<Reader> =>
  cursorReader(database, (connection, last) =>
    connection.read(
      `select ${columns} from onewrite.events e
       where (e.tx_id, e.position) > ($1::xid8, $2::bigint) and e.tx_id < pg_snapshot_xmin(pg_current_snapshot())
       order by e.tx_id, e.position limit 100`,
      [last?.[3] ?? '0', last?.[0] ?? '0'],
    ),
  )

export interface Verdict {
  readonly lost: number
  /** Read twice, or never recorded. */
  readonly surplus: number
  /** Events that did not follow their predecessor in the stream. */
  readonly reordered: number
}

export const judge = (truth: readonly Seen[], seen: readonly Seen[]): Verdict => {
  const positions = new Set(seen.map(({ position }) => position))
  const real = new Set(truth.map(({ position }) => position))
  const last = new Map<string, number>()
  let reordered = 0
  for (const { stream, sequence } of seen) {
    if (sequence < (last.get(stream) ?? 0)) reordered += 1
    last.set(stream, sequence)
  }
  return {
    lost: truth.filter(({ position }) => !positions.has(position)).length,
    surplus: seen.length - [...positions].filter((position) => real.has(position)).length,
    reordered,
  }
}
