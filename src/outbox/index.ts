export type { ConverterOptions } from './converter.ts'
export { type ConnectorFile, type FromConnectorOptions, fromConnector } from './from-connector.ts'
export { type OutboxMessages, type OutboxMessagesOptions, outboxMessages } from './outbox-messages.ts'
export {
  type OutboxConnectorOptions,
  type OutboxConverters,
  type OutboxTable,
  type OutboxTableOptions,
  outboxTable,
  type RefillOptions,
} from './outbox-table.ts'
export type { EventRouterOptions } from './router-options.ts'
