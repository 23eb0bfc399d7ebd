import { OnewriteError } from '../error/onewrite-error.js';
const codes = { any: null, 'no-stream': 0, 'stream-exists': -1 };
const toCode = (version) => {
    if (typeof version !== 'number') {
        if (Object.hasOwn(codes, version))
            return codes[version];
    }
    else if (Number.isSafeInteger(version) && version >= 0) {
        return version;
    }
    const given = JSON.stringify(version) ?? String(version);
    throw new OnewriteError('INVALID_CONFIG', {
        faults: `expected is ${given}; it can be a version from 0, 'any', 'no-stream' or 'stream-exists'`,
    });
};
const keyOf = (aggregate, id) => `${aggregate}\u0000${id}`;
/** The order in which every append locks its streams. */
const byTypeAndId = (a, b) => Buffer.compare(Buffer.from(keyOf(a.type, a.id)), Buffer.from(keyOf(b.type, b.id)));
const fault = (what, found) => found.length === 0 ? [] : [`${what}: ${found.map((e) => `${e.aggregate}/${e.aggregateId}`).join(', ')}`];
const isRepeated = (one, index, all) => all.findIndex((e) => e.aggregate === one.aggregate && e.aggregateId === one.aggregateId) < index;
const expectations = (expected, keys) => {
    if (typeof expected !== 'object') {
        const code = toCode(expected);
        if (code !== null && keys.size > 1) {
            const faults = `one expected version was given for events of ${keys.size} streams; give one for each`;
            throw new OnewriteError('INVALID_CONFIG', { faults });
        }
        return new Map([...keys].map((key) => [key, code]));
    }
    const codesByKey = new Map(expected.map((e) => [keyOf(e.aggregate, e.aggregateId), toCode(e.version)]));
    const faults = [
        ...fault('expected names streams without an event', expected.filter((e) => !keys.has(keyOf(e.aggregate, e.aggregateId)))),
        ...fault('expected names streams twice', codesByKey.size < expected.length ? expected.filter(isRepeated) : []),
    ];
    if (faults.length > 0)
        throw new OnewriteError('INVALID_CONFIG', { faults: faults.join('; ') });
    return codesByKey;
};
/** The streams of an append, each once, in locking order, and for each event its stream and place (both from 1). */
export const streamsOf = (events, expected) => {
    const added = new Map();
    const keys = events.map((event) => keyOf(event.aggregate, event.aggregateId));
    const placeInStream = keys.map((key) => {
        const place = (added.get(key) ?? 0) + 1;
        added.set(key, place);
        return place;
    });
    const wanted = expectations(expected, new Set(keys));
    const first = new Map(events.map((event, index) => [keys[index] ?? '', event]));
    const streams = [...first.entries()]
        .map(([key, event]) => ({
        type: event.aggregate,
        id: event.aggregateId,
        added: added.get(key) ?? 0,
        expected: wanted.get(key) ?? null,
    }))
        .sort(byTypeAndId);
    const numbers = new Map(streams.map((stream, index) => [keyOf(stream.type, stream.id), index + 1]));
    const places = keys.map((key, index) => [numbers.get(key) ?? 0, placeInStream[index] ?? 0]);
    return { streams, places };
};
