import { sqlState } from '../postgres/connection-error.js';
import { quoteIdentifier } from '../postgres/identifier.js';
import { exponential } from '../retry/backoff.js';
import { withRetry } from '../retry/with-retry.js';
import { logReadersSql } from './log-readers.js';
import { obstaclesIn, planRetention, } from './retention.js';
/**
 * Writers queue behind whoever waits for the table, so the wait is what they feel. DETACH CONCURRENTLY would not make
 * them wait, but PostgreSQL refuses it where there is a default partition.
 */
const lockTimeoutSql = `select set_config('lock_timeout', '50ms', true)`;
const lockSql = (schema) => `lock table only ${quoteIdentifier('schema', schema)}.events in access exclusive mode`;
const stillThereSql = 'select to_regclass($1) is not null as there';
/** In one statement, because every writer waits meanwhile. */
const stateSql = (schema, table) => `
  select (select last_position from ${quoteIdentifier('schema', schema)}.read_marks())::text as drawn,
    (select max(e.position) from ${table} e)::text as last,
    (select coalesce(jsonb_agg(jsonb_build_array(r.name, r.position)), '[]') from (${logReadersSql(schema)}) r)::text
      as readers`;
const settleSql = (schema) => `update ${quoteIdentifier('schema', schema)}.settings set dropped_through = greatest(dropped_through, $1::bigint)`;
/**
 * Nobody holds the table now: every position drawn so far is decided and visible, and no event is added. What the
 * readers have passed is asked again, for one may have registered since the plan was made.
 */
const obstaclesNow = async (tx, table, partition) => {
    const { rows } = await tx.query(stateSql(tx.schema, table));
    const { drawn = '0', last = null, readers = '[]' } = rows[0] ?? {};
    const known = JSON.parse(readers);
    const state = {
        lastPosition: BigInt(drawn),
        readers: known.map(([name, position]) => ({
            name,
            position: position === null ? undefined : BigInt(position),
        })),
    };
    return obstaclesIn(state, partition, last === null ? undefined : BigInt(last));
};
const dropOnce = (database, partition) => 
// A snapshot of the whole transaction would show the readers as they were before the lock was had.
database.transaction(async (tx) => {
    const { schema } = tx;
    const table = `${quoteIdentifier('schema', schema)}.${quoteIdentifier('partition', partition.name)}`;
    await tx.query(lockTimeoutSql);
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
        `onewrite.partitions.${schema}`,
    ]);
    await tx.query(lockSql(schema));
    const { rows } = await tx.query(stillThereSql, [table]);
    if (rows[0]?.there !== true)
        return 'gone';
    const obstacles = await obstaclesNow(tx, table, partition);
    if (obstacles.length > 0)
        return obstacles;
    await tx.query(`drop table ${table}`);
    await tx.query(settleSql(schema), [String(partition.to)]);
    return 'dropped';
}, { isolation: 'read committed' });
/** lock_not_available and deadlock_detected: somebody else has the table now. */
const isBusy = (error) => ['55P03', '40P01'].includes(sqlState(error) ?? '');
const drop = async (database, partition, { attempts = 20, signal }) => {
    try {
        return await withRetry(() => dropOnce(database, partition), {
            attempts,
            backoff: exponential('100ms', { max: '2s' }),
            retryIf: isBusy,
            ...(signal === undefined ? {} : { signal }),
        });
    }
    catch (error) {
        if (isBusy(error) || signal?.aborted === true)
            return [{ kind: 'busy' }];
        throw error;
    }
};
const behind = (plan, partition) => plan.obstacles.length > 0 ? plan : { ...plan, obstacles: [{ kind: 'behind', partition }] };
/**
 * Drops whole partitions from the beginning of the log: those whose every event is older than `after` and was passed by
 * every relay and every group. Never deletes a row; the versions of all streams stay. A writer waits for at most 50 ms
 * at a time. Needs the owner of the log.
 *
 * @throws PERMISSION_DENIED, INVALID_CONFIG
 */
export const applyRetention = async (database, options) => {
    const plan = await planRetention(database, options);
    const dropped = [];
    const kept = [];
    for (const partition of plan.partitions) {
        const [first] = kept;
        if (first !== undefined || partition.obstacles.length > 0 || options.signal?.aborted === true) {
            kept.push(first === undefined ? partition : behind(partition, first.name));
            continue;
        }
        options.progress?.(partition.name);
        const outcome = await drop(database, partition, options);
        if (outcome === 'dropped')
            dropped.push(partition);
        else if (outcome !== 'gone')
            kept.push({ ...partition, obstacles: outcome });
    }
    return {
        ...plan,
        partitions: kept,
        droppedThrough: dropped.at(-1)?.to ?? plan.droppedThrough,
        dropped: dropped.map(({ name }) => name),
        freed: dropped.reduce((sum, { bytes }) => sum + bytes, 0n),
    };
};
