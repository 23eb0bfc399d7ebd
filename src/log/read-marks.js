import { quoteIdentifier } from '../postgres/identifier.js';
const marksSql = (schema) => `select last_position::text, array_to_string(writers, ',') from ${schema}.read_marks()`;
const toMarks = (row) => ({
    lastPosition: BigInt(row?.[0] ?? '0'),
    writers: (row?.[1] ?? '').split(',').filter((writer) => writer !== ''),
});
/** Takes the marks that a horizon advances by. */
export const markReader = (connection, schema) => {
    const sql = marksSql(quoteIdentifier('schema', schema));
    return async () => toMarks((await connection.read(sql))[0]);
};
