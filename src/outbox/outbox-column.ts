/** A column of an outbox table, as far as it decides what leaves. */
export interface OutboxColumn {
  readonly name: string
  /** Name of the type as declared: that of the domain, where it is one. */
  readonly typeName: string
  /** Object id of the type, for a domain of the type below it. */
  readonly type: number
  /** Type modifier of `type`; -1 where there is none. */
  readonly modifier: number
  readonly nullable: boolean
  /** Expression of the default, as PostgreSQL prints it. */
  readonly defaultExpression: string | undefined
  /** Labels in their order, where the type is an enum. */
  readonly labels: readonly string[] | undefined
}

/** A value that cannot be carried. */
export class ValueFault extends Error {}
