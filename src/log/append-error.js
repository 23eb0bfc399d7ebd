import { OnewriteError } from '../error/onewrite-error.js';
import { sqlState } from '../postgres/connection-error.js';
const detailOf = (error) => error instanceof Error && 'detail' in error && typeof error.detail === 'string' ? error.detail : '';
const words = { '0': 'no stream', '-1': 'an existing stream' };
const versionConflict = (error) => {
    const detail = JSON.parse(detailOf(error));
    const expected = String(detail['expected']);
    const actual = String(detail['actual']);
    const parameters = {
        stream: `${String(detail['aggregate_type'])}/${String(detail['aggregate_id'])}`,
        expected: words[expected] ?? expected,
        actual: actual === '0' ? 'no stream' : actual,
    };
    return new OnewriteError('VERSION_CONFLICT', parameters, { cause: error });
};
const isPartitionOfEvents = (error) => error instanceof Error && 'table' in error && /^events_/.test(String(error.table));
const duplicateEvent = (error, events) => {
    const detail = detailOf(error);
    const found = events.find(({ id }) => detail.includes(id.toLowerCase()));
    if (found !== undefined)
        return new OnewriteError('DUPLICATE_EVENT', { id: found.id }, { cause: error });
    // A role that may not read the partition is not told the key.
    if (detail !== '' || !isPartitionOfEvents(error))
        return error;
    const ids = events.map(({ id }) => id).join(' or ');
    return new OnewriteError('DUPLICATE_EVENT', { id: ids }, { cause: error });
};
/** Turns what `append` raised in the database into an error of the table; anything else comes back as it was. */
export const explainAppendError = (error, events) => {
    const state = sqlState(error);
    if (state === 'OW001')
        return versionConflict(error);
    if (state === 'OW002')
        return new OnewriteError('LOG_IS_APPEND_ONLY', { operation: detailOf(error) }, { cause: error });
    if (state === '23505')
        return duplicateEvent(error, events);
    return error;
};
