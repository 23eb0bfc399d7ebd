/**
 * A fast look before the inbox, never instead of it: it may forget, and may be away. What it names as seen has to have
 * been remembered, which happens only after the database has committed.
 */
export interface FirstFilter {
  /** Those of the ids that were remembered. A rejection counts as none. */
  seen(consumer: string, ids: readonly string[]): Promise<ReadonlySet<string>>
  /** Called after the commit; may be lost. */
  remember(consumer: string, ids: readonly string[]): Promise<void>
}
