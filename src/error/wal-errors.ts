import { type ErrorRow, eventsWait } from './error-row.ts'

/** Errors of reading the write-ahead log: privileges, slots, publications and positions. */
export const walErrors = {
  WAL_LEVEL_TOO_LOW: {
    message: 'PostgreSQL at {address} runs with wal_level = {level}, and the source wal needs logical',
    delivery: eventsWait,
    fix: "Run ALTER SYSTEM SET wal_level = 'logical' and restart PostgreSQL, or use the source table.",
    retryable: false,
  },
  REPLICATION_DENIED: {
    message: 'the role of this connection may not read the write-ahead log: {cause}',
    delivery: eventsWait,
    fix: 'Run ALTER ROLE … REPLICATION for the role of the relay, or use the source table.',
    retryable: false,
  },
  REPLICATION_THROUGH_POOLER: {
    message: '{address} is a pooler that does not pass replication on: {cause}',
    delivery: eventsWait,
    fix: 'Connect the relay to PostgreSQL directly, or use the source table.',
    retryable: false,
  },
  WAL_SENDERS_EXHAUSTED: {
    message: 'PostgreSQL at {address} has no WAL sender left: {cause}',
    delivery: eventsWait,
    fix: 'Raise max_wal_senders, or stop a reader that is not needed (pg_stat_replication lists them).',
    retryable: true,
  },
  SLOTS_EXHAUSTED: {
    message: 'no replication slot is left for {slot}: {cause}',
    delivery: eventsWait,
    fix: 'Raise max_replication_slots, or drop a slot that is not needed (pg_replication_slots lists them).',
    retryable: true,
  },
  SLOT_IN_USE: {
    message: 'replication slot {slot} is read by somebody else: {cause}',
    delivery: eventsWait,
    fix: 'Nothing, while that is another instance of this relay: this one stands by until it ends.',
    retryable: true,
  },
  SLOT_EXISTS: {
    message: 'replication slot {slot} exists already',
    delivery: eventsWait,
    fix: 'Nothing: another instance was faster, and this one goes on with its slot.',
    retryable: true,
  },
  SLOT_MISSING: {
    message: 'replication slot {slot} does not exist',
    delivery: eventsWait,
    fix: 'Nothing for a relay: it reads what it missed from the table and creates the slot anew. Otherwise create the slot.',
    retryable: true,
  },
  SLOT_LOST: {
    message: 'replication slot {slot} cannot be read any more: {cause}',
    delivery: eventsWait,
    fix: 'Nothing for a relay: it reads what it missed from the table and creates the slot anew. Raise max_slot_wal_keep_size if this was the limit.',
    retryable: true,
  },
  SLOT_ELSEWHERE: {
    message: 'replication slot {slot} belongs to {owner}',
    delivery: eventsWait,
    fix: 'Names of slots are shared by all databases of a server: give the relay another slot, or drop this one.',
    retryable: false,
  },
  PUBLICATION_MISSING: {
    message: 'publication {publication} does not exist, and this role may not create it: {cause}',
    delivery: eventsWait,
    fix: 'Run {sql} as the owner of the table.',
    retryable: false,
  },
  PUBLICATION_INCOMPLETE: {
    message: 'publication {publication} does not publish what {table} needs: {faults}',
    delivery: eventsWait,
    fix: 'Correct the publication, or drop it and run {sql} as the owner of the table.',
    retryable: false,
  },
  PUBLICATION_CHANGED: {
    message: 'publication {publication} was dropped, created anew or altered while it was read',
    delivery: 'What it did not publish meanwhile is read from the table; nothing is lost.',
    fix: 'Nothing for a relay of the log. See who changed the publication.',
    retryable: true,
  },
  TABLE_MISSING: {
    message: 'table {table} does not exist',
    delivery: eventsWait,
    fix: 'Check schema and name of the table, and that the relay is pointed at the right database.',
    retryable: false,
  },
  REPLICATION_ENDED: {
    message: 'the stream of replication slot {slot} ended: {cause}',
    delivery: eventsWait,
    fix: 'Nothing, while it does not repeat; otherwise see the log of PostgreSQL.',
    retryable: true,
  },
  UNREADABLE_WAL: {
    message: 'a message of the write-ahead log cannot be read: {cause}',
    delivery: eventsWait,
    fix: 'Use a version of PostgreSQL from 14 on, and a publication without options this version does not know.',
    retryable: false,
  },
  POSITION_LOST: {
    message: 'the position of {name} in the write-ahead log is lost: {reason}',
    delivery:
      'Events after position {from} that had not left are read from the table and published, marked with the header onewrite-refill; nothing is lost. Only events up to position {to} may be repeated.',
    fix: 'Nothing for this relay: events from {from} to {to} are filled in now. See what became of the slot.',
    retryable: true,
  },
  OUTBOX_UNREADABLE: {
    message: 'table {table} cannot be read as an outbox with these options: {faults}',
    delivery: eventsWait,
    fix: 'Correct the options named in the message, or the table.',
    retryable: false,
  },
  OUTBOX_POSITION_LOST: {
    message:
      'the position of {name} in the write-ahead log is lost: {reason}; what was committed in {outbox} between {from} and {to} may not have been published',
    delivery: 'Nothing is published until this is resolved, so that nothing is skipped.',
    fix: 'Name the column of refill.orderBy: what the table still holds is then published again, marked with the header onewrite-refill. To leave it out, give the relay another name: it begins at the end of the log.',
    retryable: false,
  },
  OUTBOX_ROW_REFUSED: {
    message: 'a row of {outbox}, committed at {lsn}, cannot be published: {fault}',
    delivery: 'It and everything committed after it waits, in order; nothing is lost.',
    fix: 'Correct the options if they are wrong for this row. If the row is, name its commit in the option skip: it is then left out, and logged.',
    retryable: false,
  },
  WAL_BUDGET_SPENT: {
    message: 'replication slot {slot} retained {retained} bytes of the write-ahead log, {budget} are allowed',
    delivery: eventsWait,
    fix: 'The slot was dropped as configured; the relay reads from the table what it missed. See why it was so far behind.',
    retryable: true,
  },
} as const satisfies Record<string, ErrorRow>
