import { OnewriteError } from '../error/onewrite-error.js';
import { metadataText, payloadText } from '../message/payload-text.js';
import { insideTransaction } from '../postgres/database.js';
import { quoteIdentifier } from '../postgres/identifier.js';
import { currentTraceparent } from '../telemetry/current-traceparent.js';
import { measureAppend } from '../telemetry/measure-append.js';
import { explainAppendError } from './append-error.js';
import { streamsOf } from './expected-version.js';
// Text in, text out: so every client sends and decodes it alike, whatever it makes of bigint, arrays and jsonb.
// The row as one text, such as (42,731,{3}) or (42,731,"{3,1}"): taking it apart in SQL cost PostgreSQL a sixth of an
// append, most of it for planning.
const appendSql = (schema) => `select ${quoteIdentifier('schema', schema)}.append($1::text::jsonb, $2::text::jsonb)::text as appended`;
const rowText = /^\((\d+),(\d+),"?\{([\d,]+)\}"?\)$/;
const metadataOf = ({ metadata, type }, traceparent) => {
    const known = traceparent === undefined || metadata.traceparent !== undefined;
    return metadataText(known ? metadata : { ...metadata, traceparent }, type);
};
const eventText = (event, stream, place, traceparent) => `{"id":${JSON.stringify(event.id)},"stream":${stream},"place":${place},"type":${JSON.stringify(event.type)},` +
    `"version":${event.version},"payload":${payloadText(event)},` +
    `"metadata":${metadataOf(event, traceparent)},"occurred_at":"${event.occurredAt.toISOString()}"}`;
const describe = (value) => typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'an object') : typeof value;
const checkHandle = (tx) => {
    // A caller without types may pass a pool or a client: its INSERT would commit on its own.
    if (tx?.[insideTransaction] !== true)
        throw new OnewriteError('WRONG_HANDLE', { given: describe(tx) });
};
const traces = new WeakMap();
/** What was appended through a handle; undefined when nothing was. */
export const traceOf = (tx) => traces.get(tx);
const keepTrace = (tx, { position, transactionId }, id) => {
    const known = traces.get(tx);
    const before = known?.transactionId === transactionId ? known.events : [];
    traces.set(tx, { transactionId, events: [...before, { position: String(position), id }] });
};
/**
 * Records events in the transaction of `tx`: they commit with it or not at all. Events of one call are one unit: they
 * are published together, in order, never a part of them. One round trip.
 *
 * @throws VERSION_CONFLICT, DUPLICATE_EVENT, EMPTY_APPEND, UNSTORABLE_TEXT, UNSERIALIZABLE_DATA, EVENT_TOO_LARGE,
 * WRONG_HANDLE, INVALID_CONFIG; after any of the first two the transaction can only be rolled back
 */
export const append = async (tx, events, { expected = 'any' } = {}) => {
    checkHandle(tx);
    if (events.length === 0)
        throw new OnewriteError('EMPTY_APPEND', {});
    const { streams, places } = streamsOf(events, expected);
    const traceparent = currentTraceparent();
    const texts = events.map((event, index) => {
        const [stream = 0, place = 0] = places[index] ?? [];
        return eventText(event, stream, place, traceparent);
    });
    return measureAppend({ schema: tx.schema, events: events.length }, async () => {
        try {
            const values = [JSON.stringify(streams), `[${texts.join(',')}]`];
            const { rows } = await tx.query(appendSql(tx.schema), values);
            const result = appended(rows[0]?.appended, streams, places);
            keepTrace(tx, result, events.at(-1)?.id ?? '');
            return result;
        }
        catch (error) {
            throw explainAppendError(error, events);
        }
    });
};
const appended = (text, streams, places) => {
    const [, position, transactionId, versions] = rowText.exec(text ?? '') ?? [];
    if (position === undefined || transactionId === undefined || versions === undefined) {
        throw new Error(`append answered ${JSON.stringify(text)}`);
    }
    const found = versions.split(',');
    const bases = streams.map(({ added }, index) => Number(found[index]) - added);
    return {
        position: BigInt(position),
        sequences: places.map(([stream, place]) => (bases[stream - 1] ?? 0) + place),
        transactionId,
    };
};
