import { setTimeout as wait } from 'node:timers/promises';
import { isOnewriteError, OnewriteError } from '../error/onewrite-error.js';
import { isConnectionLost, sqlState } from '../postgres/connection-error.js';
import { quoteIdentifier } from '../postgres/identifier.js';
import { traceOf } from './append.js';
const statusSql = 'select pg_xact_status($1::text::xid8) as status';
const presentSql = (schema) => `
  select exists (
    select from ${schema}.events e
    join jsonb_to_recordset($1::text::jsonb) as a(position bigint, id uuid) on e.position = a.position and e.id = a.id
  ) as present`;
const isPresent = async (database, { events }) => {
    const sql = presentSql(quoteIdentifier('schema', database.schema));
    const { rows } = await database.query(sql, [JSON.stringify(events)]);
    return rows[0]?.present === true;
};
/**
 * The status alone does not prove a commit: what a crash took away before it reached the disk also frees the id of its
 * transaction, and another one may have committed under it since. The events prove it; a savepoint may have taken them
 * back, so their absence proves nothing.
 */
const lookUp = async (database, trace) => {
    const { rows } = await database.query(statusSql, [trace.transactionId]);
    const status = rows[0]?.status;
    if (status === 'in progress')
        return status;
    if (status === 'aborted')
        return 'rolled back';
    return (await isPresent(database, trace)) ? 'committed' : 'unknown';
};
const outcomeOf = async (database, trace, until) => {
    for (let delay = 20; performance.now() < until; delay = Math.min(delay * 2, 1000)) {
        try {
            const outcome = await lookUp(database, trace);
            if (outcome !== 'in progress')
                return outcome;
        }
        catch (error) {
            // The server has never heard of the id, so a crash took all of the transaction with it.
            if (sqlState(error) === '22023')
                return 'rolled back';
            // Also a server that says good-bye while it goes down, or has no connection to spare.
            if (!isOnewriteError(error, 'DATABASE_UNREACHABLE') && !isConnectionLost(error))
                return 'unknown';
        }
        await wait(delay);
    }
    return 'unknown';
};
/**
 * Runs `work` in a transaction, like `database.transaction`. When the connection is lost while COMMIT is in flight, it
 * asks PostgreSQL what became of the transaction, as far as `work` appended: a commit that succeeded is returned as
 * one, and one that did not is reported as TRANSACTION_LOST. Nothing is run twice.
 *
 * @throws TRANSACTION_LOST, COMMIT_UNKNOWN (the outcome could not be learnt in time), COMMIT_REFUSED
 */
export const record = async (database, work, { resolveFor = 30_000, ...options } = {}) => {
    let done;
    try {
        return await database.transaction(async (tx) => {
            const result = await work(tx);
            done = { result, trace: traceOf(tx) };
            return result;
        }, options);
    }
    catch (error) {
        if (!isOnewriteError(error, 'COMMIT_UNKNOWN') || done?.trace === undefined)
            throw error;
        const outcome = await outcomeOf(database, done.trace, performance.now() + resolveFor);
        if (outcome === 'committed')
            return done.result;
        if (outcome === 'rolled back')
            throw new OnewriteError('TRANSACTION_LOST', {}, { cause: error });
        throw error;
    }
};
