/**
 * The columns of an event as text, in the order `toRawEvent` takes them. Payload and metadata stay the text PostgreSQL
 * prints: parsing them would be half of a reader's cost, and JavaScript numbers would lose digits. The time is printed
 * as JSON, because the text of a timestamp depends on the DateStyle of the session.
 */
export const rawColumns = `position::text, id::text, aggregate_type, aggregate_id, sequence::text, event_type,
  event_version::text, payload::text, metadata::text,
  to_json(occurred_at at time zone 'UTC')::text, tx_id::text, ordinal::text, count::text`;
/** `"2026-11-21T10:00:00.5"`, quotes included, as RFC 3339. */
const toRfc3339 = (text) => `${text.slice(1, -1)}Z`;
export const toRawEvent = (row) => ({
    position: row[0] ?? '',
    id: row[1] ?? '',
    aggregate: row[2] ?? '',
    aggregateId: row[3] ?? '',
    sequence: row[4] ?? '',
    type: row[5] ?? '',
    version: row[6] ?? '',
    payload: row[7] ?? '',
    metadata: row[8] ?? '',
    occurredAt: toRfc3339(row[9] ?? ''),
    transactionId: row[10] ?? '',
    ordinal: Number(row[11]),
    count: Number(row[12]),
});
