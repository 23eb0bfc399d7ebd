import type { ConsumedEvent } from '../message/consumed-event.ts'
import type { NewEvent } from '../message/new-event.ts'
import type { Transaction } from '../postgres/database.ts'
import type { DeliveredRecord } from '../transport/subscriber.ts'
import type { Consumable } from './message/topic-message.ts'
import type { Outcome } from './outcome.ts'

/** What a handler is given. */
export interface Handling<Event> {
  readonly event: Event
  /** Commits together with the inbox mark and the events that the handler returns. */
  readonly tx: Transaction
  /** Aborted when the handler has taken too long, or the partition was lost: what it does then has no effect. */
  readonly signal: AbortSignal
  /** From 1; counts over restarts. */
  readonly attempt: number
  readonly record: DeliveredRecord
}

/** Nothing, events to record in the same transaction, or `retry`, `skip`, `deadLetter`. */
export type Handled = undefined | { readonly events: readonly NewEvent[] } | Outcome

/** In two, because a function that returns nothing has a type of its own. */
export type Handler<Event> =
  | ((handling: Handling<Event>) => Promise<Handled> | Handled)
  | ((handling: Handling<Event>) => Promise<void>)

/** A handler whose type of event is no longer known: what a consumer keeps. A method, so that any `on` fits. */
export interface AnyHandler {
  readonly definition: Consumable
  handle(handling: Handling<ConsumedEvent>): unknown
}
