const asked = process.env['ONEWRITE_KILLS']

/** From ONEWRITE_KILLS. A long run is longer in every respect. */
export const kills = Number(asked ?? 20)

/** Of consumers and the servers that they depend on. Enough for each kind of fault once. */
export const consumerFaults = Number(asked ?? 14)

const isLong = kills >= 200

/** Milliseconds that the broker is away. */
export const away = isLong ? 60_000 : 8_000

/** Events of one transaction. */
export const largest = isLong ? 1_000_000 : 50_000

/** Milliseconds of a rolling deploy, from ONEWRITE_MINUTES. */
export const deployFor = Number(process.env['ONEWRITE_MINUTES'] ?? 1 / 3) * 60_000
