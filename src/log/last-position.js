import { quoteIdentifier } from '../postgres/identifier.js';
const lastPositionSql = (schema) => `select last_position::text as position from ${schema}.read_marks()`;
/** The last position that any writer has drawn; the event itself may not be committed yet, or never. */
export const lastPosition = async (database) => {
    const sql = lastPositionSql(quoteIdentifier('schema', database.schema));
    const { rows } = await database.query(sql);
    return BigInt(rows[0]?.position ?? '0');
};
