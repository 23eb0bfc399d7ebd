import { decode } from '../message/decode.js';
import { assertKept, readDroppedThrough } from './kept-from.js';
import { orderedReader } from './ordered-reader.js';
/**
 * All events after a position, in order, up to where the log is decided at this moment; ends there. Whoever continues
 * after the last position it saw misses nothing. Where retention has dropped events behind `after`, also while this
 * reads, it ends with an error instead of leaving them out; `keptFrom` says where the log begins.
 *
 * @throws EVENTS_DROPPED, UNKNOWN_EVENT_TYPE, UNKNOWN_EVENT_VERSION, MISSING_UPCASTER
 */
export async function* readAll(database, catalogue, { after = 0n, pageSize = 1000 } = {}) {
    const connection = await database.rawConnection({ applicationName: 'onewrite read' });
    try {
        const reader = orderedReader(connection, database.schema, after);
        let passed = after;
        for (;;) {
            const page = await reader.next({ events: pageSize, bytes: 4 * 1024 * 1024 });
            // Asked after the page was read: nobody holds retention back for a reader without a checkpoint.
            assertKept(passed, await readDroppedThrough(connection, database.schema));
            passed = page.through;
            for (const raw of page.events)
                yield decode(catalogue, raw);
            if (page.caughtUp)
                return;
        }
    }
    finally {
        await connection.close();
    }
}
