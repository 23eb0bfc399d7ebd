import { sqlState } from '../postgres/connection-error.js';
import { quoteIdentifier } from '../postgres/identifier.js';
const stateSql = (schema) => `
  select (select partition_size from ${schema}.settings)::text as size,
    (select last_position from ${schema}.read_marks())::text as last_position,
    exists (select from ${schema}.events_overflow) as overflow`;
const createSql = (schema) => `select ${schema}.create_partition($1::bigint, $2::bigint) as name`;
/** Attaching waits for a lock behind which writers would queue: better to try again later. */
const lockTimeoutSql = `select set_config('lock_timeout', '2s', true)`;
/** check_violation: the overflow partition holds events of the range; invalid_object_definition: the ranges overlap. */
const taken = new Set(['23514', '42P17']);
/** Creates the partition that holds `position`: its name, or nothing where it exists. */
const createOne = (database, position, size) => database.transaction(async (tx) => {
    await tx.query(lockTimeoutSql);
    // Two instances at once: the second waits here and then finds the partition.
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
        `onewrite.partitions.${database.schema}`,
    ]);
    const sql = createSql(quoteIdentifier('schema', database.schema));
    const { rows } = await tx.query(sql, [String(position), String(size)]);
    return rows[0]?.name;
});
const nameOf = (position, size) => `events_${String(((position - 1n) / size) * size + 1n).padStart(19, '0')}`;
/**
 * Creates the partition in use and the next ones where they are missing. Needs a role that may create tables; safe to
 * call from several instances.
 *
 * @param ahead how many partitions to have beyond the one in use
 */
export const createPartitions = async (database, ahead = 2) => {
    const { rows } = await database.query(stateSql(quoteIdentifier('schema', database.schema)));
    const { size = '1', last_position = '0', overflow = false } = rows[0] ?? {};
    const created = [];
    const skipped = [];
    for (let step = 0; step <= ahead; step += 1) {
        const position = BigInt(last_position) + 1n + BigInt(step) * BigInt(size);
        try {
            const name = await createOne(database, position, BigInt(size));
            if (typeof name === 'string')
                created.push(name);
        }
        catch (error) {
            // One range without a partition must not keep the next ones from having theirs.
            if (!taken.has(sqlState(error) ?? ''))
                throw error;
            skipped.push(nameOf(position, BigInt(size)));
        }
    }
    return { created, skipped, overflow };
};
