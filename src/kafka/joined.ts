import type { Logger } from '../lifecycle/logger.ts'
import type { Member } from '../transport/subscriber.ts'
import type { Client } from './client.ts'
import type { Commits } from './commits.ts'
import type { Consumer } from './consumer.ts'
import type { Holding } from './holding.ts'
import type { Polling } from './poll.ts'

export interface MembershipOptions {
  readonly group: string
  readonly topics: readonly string[]
  readonly from: 'start' | 'now'
  readonly member: Member
  /** Whether what the member settles is committed. Without that it commits by itself. Default true. */
  readonly commits?: boolean
  /** Partitions were given or taken. */
  rebalanced(): void
  /** A commit was refused. */
  refused(): void
  /** Records were gone before they could be read. */
  missed(count: number, where: string): void
  /** What keeps it from reading; undefined when nothing does. */
  troubled(reason: string | undefined): void
}

/** What the parts of a membership share. */
export interface Joined {
  readonly options: MembershipOptions
  readonly logger: Logger
  readonly fields: object
  readonly client: Client
  readonly consumer: Consumer
  readonly commits: Commits
  readonly hold: Holding
  readonly polls: Polling
}
