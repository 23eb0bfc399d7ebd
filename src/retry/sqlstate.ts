import type { Verdict } from './verdict.ts'

/** By class, the first two characters of a SQLSTATE. */
const classes: Readonly<Record<string, Verdict>> = {
  '08': 'transient', // connection
  '40': 'transient', // serialisation failure, deadlock
  '53': 'transient', // insufficient resources: connections, memory, disk
  '57': 'transient', // operator intervention: shutdown, starting up, statement timeout
  '58': 'transient', // system error outside PostgreSQL, such as I/O
  '0A': 'permanent', // feature not supported
  '21': 'permanent', // cardinality
  '22': 'permanent', // data
  '23': 'permanent', // integrity constraint
  '25': 'permanent', // invalid transaction state
  '28': 'permanent', // authorisation
  '2B': 'permanent', // dependent privileges
  '3D': 'permanent', // no such database
  '3F': 'permanent', // no such schema
  '42': 'permanent', // syntax, missing table or privilege
  '44': 'permanent', // WITH CHECK OPTION
  '54': 'permanent', // program limit exceeded
  '55': 'permanent', // object not in prerequisite state
  P0: 'permanent', // raised by PL/pgSQL
}

/** Single states that differ from their class. */
const states: Readonly<Record<string, Verdict>> = {
  '25006': 'transient', // read-only: the server has become a replica; the next connection finds the primary
  '25P03': 'transient', // idle in transaction for too long
  '25P04': 'transient', // transaction timeout
  '40002': 'permanent', // integrity constraint found at commit
  '55006': 'transient', // object in use, for example a slot that its last owner still holds
  '55P03': 'transient', // lock not available
  '57P04': 'permanent', // the database was dropped
}

/**
 * 57014 (query cancelled) is transient with its class: nearly always it is statement_timeout under load.
 * Whoever cancels on purpose also aborts the signal, and that ends retries. 25P02 is permanent: it says that
 * code went on after a failed statement; the error of that statement is the one to classify.
 */
export const sqlStateVerdict = (state: string): Verdict | undefined =>
  /^[0-9A-Z]{5}$/.test(state) ? (states[state] ?? classes[state.slice(0, 2)]) : undefined
