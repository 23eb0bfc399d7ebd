import type { OutgoingRecord } from '../message/outgoing-record.ts'
import type { ConnectField, ConnectValue } from './connect-schema.ts'
import { isStruct } from './connect-schema.ts'
import { eventRouter, type RouterRow } from './event-router.ts'
import { expandJson, NotExpandable } from './expand-json.ts'
import { ValueFault } from './outbox-column.ts'
import type { OutboxMessages } from './outbox-messages.ts'

const decoded = (content: string, outbox: OutboxMessages): RouterRow => {
  const { schema, value } = expandJson(content, undefined, outbox.keepNulls ? 'optional_bytes' : 'ignore')
  if (schema === undefined || !isStruct(value)) throw new NotExpandable('it is no object')
  const members = new Map<string, readonly [ConnectField, ConnectValue]>(
    value.fields.map((field, index) => [field.name, [field, value.values[index] ?? null]]),
  )
  const field = (name: string) => {
    const found = members.get(name)
    return found && { schema: found[0].schema, value: found[1] }
  }
  return { schemaName: undefined, field }
}

/**
 * The router of messages: Debezium's DecodeLogicalDecodingMessageContent, then its EventRouter.
 *
 * @throws ValueFault, from the function it returns, for a message that cannot be routed
 */
export const messageRouter = (outbox: OutboxMessages): ((content: Buffer) => OutgoingRecord) => {
  const route = eventRouter(outbox.form)
  const { converters, router } = outbox.form
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const read = (content: Buffer): RouterRow => {
    try {
      return decoded(utf8.decode(content), outbox)
    } catch (error) {
      throw new ValueFault(`the content is not a JSON object: ${error instanceof Error ? error.message : ''}`)
    }
  }
  return (content) => {
    const row = read(content)
    const payload = row.field(router.payload)
    const fault = payload && converters.value.refuses(payload.schema)
    if (fault !== undefined) throw new ValueFault(`${router.payload}: ${fault}`)
    return route(row)
  }
}
