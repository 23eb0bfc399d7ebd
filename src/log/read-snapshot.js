import { quoteIdentifier } from '../postgres/identifier.js';
import { pageSql } from './ordered-reader.js';
import { toRawEvent } from './raw-columns.js';
/** Positions have no upper bound but that of the type. */
const end = '9223372036854775807';
// SET TRANSACTION SNAPSHOT takes no bound value; PostgreSQL names snapshots in this form.
const snapshotName = /^[0-9A-F]{8}-[0-9A-F]{8}-\d+$/i;
/**
 * Reads what one exported snapshot sees of the log after a position, in order. No horizon is needed: what the snapshot
 * does not see is somebody else's to deliver. The snapshot must stay valid until the first page was read.
 */
export const readSnapshot = (connection, schema, snapshot, from) => {
    if (!snapshotName.test(snapshot))
        throw new Error(`${JSON.stringify(snapshot)} is not a snapshot`);
    const page = pageSql(quoteIdentifier('schema', schema));
    let position = from;
    let begun = false;
    const begin = async () => {
        await connection.read('begin transaction isolation level repeatable read read only');
        await connection.read(`set transaction snapshot '${snapshot}'`);
        begun = true;
    };
    return {
        /** Empty once nothing is left; the transaction is over then. */
        next: async ({ events, bytes }) => {
            if (!begun)
                await begin();
            const rows = await connection.read(page, [String(position), end, events, bytes]);
            const found = rows.map(toRawEvent);
            const last = found.at(-1);
            if (last === undefined)
                await connection.read('commit');
            else
                position = BigInt(last.position);
            return found;
        },
    };
};
