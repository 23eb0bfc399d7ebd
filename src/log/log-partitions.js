import { quoteIdentifier } from '../postgres/identifier.js';
const partitionsSql = `
  select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound,
    coalesce(pg_total_relation_size(c.oid), 0)::text as bytes
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = $1::regclass`;
/** `FOR VALUES FROM ('1') TO ('10000001')`; the upper bound is not part of the range. `DEFAULT` has none. */
const bounds = /^FOR VALUES FROM \('(\d+)'\) TO \('(\d+)'\)$/;
const toPartition = ({ name, bound, bytes }) => {
    const [, from, end] = bounds.exec(bound) ?? [];
    if (from === undefined || end === undefined)
        return [];
    return [{ name, from: BigInt(from), to: BigInt(end) - 1n, bytes: BigInt(bytes) }];
};
const byPosition = (a, b) => (a.from < b.from ? -1 : 1);
/** The partitions of the log in order, without the one for events that found none. */
export const logPartitions = async (queryable, schema) => {
    const parent = `${quoteIdentifier('schema', schema)}.events`;
    const { rows } = await queryable.query(partitionsSql, [parent]);
    return rows.flatMap(toPartition).sort(byPosition);
};
