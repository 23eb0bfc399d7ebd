import { silentLogger } from '../lifecycle/logger.js';
import { loop, stopAll } from '../lifecycle/loop.js';
import { pace } from '../lifecycle/pace.js';
import { headerList } from '../message/header-list.js';
import { readCheckpoint, saveCheckpoint, takeCheckpoint } from '../postgres/checkpoint.js';
import { lead, ownerName, whileLeading } from '../postgres/lead.js';
import { lastPosition } from './last-position.js';
import { orderedReader } from './ordered-reader.js';
const pageLimits = { events: 500, bytes: 1024 * 1024 };
const textHeaders = (headers) => Object.fromEntries(headerList(headers).map(([name, value]) => [name, value?.toString() ?? '']));
const toDelivered = (event, { topic, key, value, headers }) => ({
    topic,
    partition: 0,
    offset: event.position,
    key: key === null ? null : key.toString(),
    value: value === null ? null : Buffer.from(value),
    headers: textHeaders(headers),
});
/** Where a group without progress begins. Saved at once, so that `now` means the first time it was asked for. */
const startOf = async ({ database, now }, name, token) => {
    const isNew = now !== undefined && (await readCheckpoint(database, name)) === undefined;
    return isNew
        ? saveCheckpoint(database, { name, position: await now(), token })
        : takeCheckpoint(database, { name, token });
};
/** Asked for when the subscription is made, because taking the lease may last. */
const positionNow = (database) => {
    const asked = lastPosition(database).catch(() => undefined);
    return async () => (await asked) ?? lastPosition(database);
};
const follow = async (following, { token, lost }, stop) => {
    const { database, encode, subscription, deliver, looking } = following;
    const { group, topics } = subscription;
    const name = `group/${group}`;
    const wanted = topics && new Set(topics);
    const position = await startOf(following, name, token);
    const connection = await database.rawConnection({ applicationName: `onewrite group ${group}` });
    try {
        const reader = orderedReader(connection, database.schema, position);
        const either = AbortSignal.any([stop, lost]);
        while (!stop.aborted) {
            const page = await whileLeading(reader.next(pageLimits), name, lost);
            const records = page.events
                .map((event) => toDelivered(event, encode(event)))
                .filter(({ topic }) => wanted === undefined || wanted.has(topic));
            if (records.length > 0)
                await deliver(records);
            if (page.events.length > 0) {
                const saved = saveCheckpoint(database, { name, position: page.through, token });
                await whileLeading(saved, name, lost);
            }
            if (page.caughtUp)
                await looking.wait(page.events.length > 0, either);
        }
    }
    finally {
        await connection.close();
    }
};
const live = async (following, owner, signal, report) => {
    const { database, subscription, leaseTtl = 5000, logger = silentLogger } = following;
    const lease = { database, name: `group/${subscription.group}`, owner, ttl: leaseTtl, logger };
    const leadership = await lead(lease, signal, () => report('standby'));
    if (leadership === undefined)
        return;
    try {
        report('up');
        await follow(following, leadership, signal);
    }
    finally {
        await leadership.release();
    }
};
/**
 * Lets subscribers read the log itself. One instance of a group reads at a time and the others stand by; the checkpoint
 * moves after `deliver` resolved, so a crash in between delivers again.
 */
export const logSubscribing = (options) => {
    const followed = new Map();
    const subscribe = (subscription, deliver) => {
        const looking = pace();
        const owner = ownerName();
        const now = subscription.from === 'now' ? positionNow(options.database) : undefined;
        const following = loop({
            name: `group ${subscription.group}`,
            logger: options.logger ?? silentLogger,
            run: (signal, report) => live({ ...options, subscription, deliver, looking, now }, owner, signal, report),
        });
        followed.set(following, looking);
        following.start();
        void following.ended.then(() => followed.delete(following));
        return { ended: following.ended, stop: () => following.stop() };
    };
    return {
        subscribe,
        poke: () => {
            for (const looking of followed.values())
                looking.poke();
        },
        stop: (settings) => stopAll([...followed.keys()], settings),
    };
};
