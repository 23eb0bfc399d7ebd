import { quoteIdentifier } from '../postgres/identifier.js';
import { lagBehind } from './lag.js';
const groupsSql = (schema) => `
  select substr(c.name, length('group/') + 1) as name, c.position::text as position, l.owner,
    l.expires_at > clock_timestamp() as held
  from ${schema}.checkpoints c left join ${schema}.leases l on l.name = c.name
  where c.name like 'group/%' order by c.name`;
/** @param end last position drawn */
export const groupStatus = async (database, end) => {
    const { rows } = await database.query(groupsSql(quoteIdentifier('schema', database.schema)));
    const groups = [];
    for (const { name, position, owner, held } of rows) {
        const at = BigInt(position);
        const lag = await lagBehind(database, at, end);
        groups.push({ name, reading: held === true, owner: owner || undefined, position: at, lag });
    }
    return groups;
};
