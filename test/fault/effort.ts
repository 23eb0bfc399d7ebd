/** From ONEWRITE_KILLS. A long run is longer in every respect. */
export const kills = Number(process.env['ONEWRITE_KILLS'] ?? 20)

const isLong = kills >= 200

/** Milliseconds that the broker is away. */
export const away = isLong ? 60_000 : 8_000

/** Events of one transaction. */
export const largest = isLong ? 1_000_000 : 50_000
