import { OnewriteError } from '../error/onewrite-error.ts'
import { type MessageReader, messageReader } from './message-reader.ts'
import {
  type Change,
  type ColumnValue,
  type LogicalMessage,
  type Relation,
  type RelationColumn,
  type RowUpdated,
  unchangedToast,
} from './replication.ts'

/** Turns messages of pgoutput, protocol version 1, into changes. */
export interface Decoder {
  /**
   * What one message says; undefined where it only prepares what follows (relations, types, origins). `content` of a
   * logical message is a copy; everything else is text or numbers, so that `bytes` may be overwritten afterwards.
   *
   * @throws UNREADABLE_WAL
   */
  decode(bytes: Buffer, offset?: number): Change | undefined
}

/** PostgreSQL counts microseconds from the year 2000. */
const epoch = 946_684_800_000_000n

const identities = new Map<string, Relation['identity']>([
  ['d', 'default'],
  ['n', 'nothing'],
  ['f', 'full'],
  ['i', 'index'],
])

const unreadable = (cause: string): OnewriteError => new OnewriteError('UNREADABLE_WAL', { cause })

const readColumn = (from: MessageReader): RelationColumn => {
  const flags = from.uint8()
  return { key: (flags & 1) === 1, name: from.text(), type: from.uint32(), modifier: from.int32() }
}

const readRelation = (from: MessageReader): Relation => {
  const id = from.uint32()
  // An empty name stands for pg_catalog.
  const schema = from.text() || 'pg_catalog'
  const table = from.text()
  const identity = identities.get(from.letter())
  if (identity === undefined) throw unreadable(`relation ${schema}.${table} has an unknown replica identity`)
  const columns = Array.from({ length: from.uint16() }, () => readColumn(from))
  return { id, schema, table, identity, columns }
}

const readValue = (from: MessageReader): ColumnValue => {
  const kind = from.letter()
  if (kind === 't') return from.sized()
  if (kind === 'n') return null
  if (kind === 'u') return unchangedToast
  throw unreadable(`a value has the unknown kind ${JSON.stringify(kind)}`)
}

const readRow = (from: MessageReader): readonly ColumnValue[] => {
  const length = from.uint16()
  const values: ColumnValue[] = []
  for (let index = 0; index < length; index += 1) values.push(readValue(from))
  return values
}

const readMessage = (from: MessageReader): LogicalMessage => ({
  kind: 'message',
  transactional: (from.uint8() & 1) === 1,
  lsn: from.uint64(),
  prefix: from.text(),
  content: from.bytes(from.uint32()),
})

const readCommit = (from: MessageReader): Change => {
  const flags = from.uint8()
  if (flags !== 0) throw unreadable(`a commit has the unknown flags ${flags}`)
  return { kind: 'commit', lsn: from.uint64(), end: from.uint64(), committedAt: from.int64() + epoch }
}

/** The tag before a row: N for the new one, K and O for the old one, or only its key. */
const expectTag = (from: MessageReader, tags: string): string => {
  const tag = from.letter()
  if (!tags.includes(tag)) throw unreadable(`a row begins with ${JSON.stringify(tag)}`)
  return tag
}

const readUpdate = (from: MessageReader, relation: Relation): RowUpdated => {
  const withOld = expectTag(from, 'NKO') !== 'N'
  const old = withOld ? readRow(from) : undefined
  if (withOld) expectTag(from, 'N')
  return { kind: 'update', relation, values: readRow(from), old }
}

interface Relations {
  of(id: number): Relation
  add(relation: Relation): void
}

const described = (): Relations => {
  const relations = new Map<number, Relation>()
  return {
    of: (id) => {
      const relation = relations.get(id)
      if (relation === undefined) throw unreadable(`a row of relation ${id}, which was not described`)
      return relation
    },
    add: (relation) => relations.set(relation.id, relation),
  }
}

const readBegin = (from: MessageReader): Change => ({
  kind: 'begin',
  lsn: from.uint64(),
  committedAt: from.int64() + epoch,
  transactionId: from.uint32(),
})

const readInsert = (from: MessageReader, relation: Relation): Change => {
  expectTag(from, 'N')
  return { kind: 'insert', relation, values: readRow(from) }
}

const readDelete = (from: MessageReader, relation: Relation): Change => {
  expectTag(from, 'KO')
  return { kind: 'delete', relation, old: readRow(from) }
}

const readTruncate = (from: MessageReader, relations: Relations): Change => {
  const length = from.uint32()
  from.uint8()
  return { kind: 'truncate', relations: Array.from({ length }, () => relations.of(from.uint32())) }
}

const readTagged = (tag: string, from: MessageReader, relations: Relations): Change | undefined => {
  switch (tag) {
    case 'B':
      return readBegin(from)
    case 'C':
      return readCommit(from)
    case 'I':
      return readInsert(from, relations.of(from.uint32()))
    case 'U':
      return readUpdate(from, relations.of(from.uint32()))
    case 'D':
      return readDelete(from, relations.of(from.uint32()))
    case 'T':
      return readTruncate(from, relations)
    case 'M':
      return readMessage(from)
    case 'R':
      relations.add(readRelation(from))
      return undefined
    case 'Y':
    case 'O':
      from.skipRest()
      return undefined
    default:
      throw unreadable(`the message has the unknown tag ${JSON.stringify(tag)}`)
  }
}

export const pgoutputDecoder = (): Decoder => {
  const relations = described()
  const from = messageReader()
  return {
    decode: (bytes, offset = 0) => {
      from.begin(bytes, offset)
      const change = readTagged(from.letter(), from, relations)
      if (!from.ended()) throw unreadable('the message is longer than what it says')
      return change
    },
  }
}
