/**
 * Microseconds of the machine's monotonic clock, which all of its processes share (CLOCK_MONOTONIC on Linux), so that
 * two processes can be compared.
 */
export const microseconds = (): number => Number(process.hrtime.bigint() / 1000n)
