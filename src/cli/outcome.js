/** Documented in the help of every command. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, unhealthy: 3 };
const asText = (_name, value) => (typeof value === 'bigint' ? String(value) : value);
export const toJson = (document) => JSON.stringify(document, asText, 2);
