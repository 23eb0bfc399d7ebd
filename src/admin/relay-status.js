import { lastPosition } from '../log/last-position.js';
import { lagBehind } from './lag.js';
import { readRelays } from './read-relays.js';
import { relayProblems } from './relay-problems.js';
const bytes = (text) => (text === null ? undefined : BigInt(text));
const stateOf = ({ held, lease_owner, registered_owner }) => {
    if (held === true)
        return lease_owner === registered_owner ? 'leading' : 'starting';
    return lease_owner === null || lease_owner === '' ? 'stopped' : 'stale';
};
const percentOf = (part, whole) => part === undefined || whole === undefined || whole === 0n ? undefined : Number((part * 1000n) / whole) / 10;
const slotOf = (row) => {
    if (row.slot === null)
        return undefined;
    const retainedBytes = bytes(row.retained_bytes);
    const budgetBytes = bytes(row.wal_budget);
    return {
        name: row.slot,
        exists: row.slot_exists,
        active: row.slot_active === true,
        walStatus: row.wal_status ?? undefined,
        retainedBytes,
        lagBytes: bytes(row.slot_lag_bytes),
        safeBytes: bytes(row.safe_bytes),
        budgetBytes,
        budgetPercent: percentOf(retainedBytes, budgetBytes),
    };
};
const toStatus = async (database, row, end) => {
    const position = bytes(row.position);
    const facts = {
        name: row.name,
        state: stateOf(row),
        source: row.source,
        delivery: row.delivery,
        shard: { index: row.shard, of: row.shards },
        owner: row.lease_owner || row.registered_owner || undefined,
        leaseExpiresAt: row.lease_expires_at ?? undefined,
        ledAt: row.led_at,
        position,
        checkpointAge: row.checkpoint_age ?? undefined,
        lag: await lagBehind(database, position ?? 0n, end),
        slot: slotOf(row),
    };
    return { ...facts, problems: relayProblems(facts) };
};
/** How every relay is doing, from what PostgreSQL knows: Kafka is not asked. Needs what the relay role may do. */
export const relayStatus = async (database) => {
    const end = await lastPosition(database);
    const relays = [];
    for (const row of await readRelays(database))
        relays.push(await toStatus(database, row, end));
    return { lastPosition: end, relays, healthy: relays.every(({ problems }) => problems.length === 0) };
};
