const units = ['B', 'kiB', 'MiB', 'GiB', 'TiB'] as const

/** `1.5 GiB`; a dash where it is not known. */
export const bytesText = (bytes: bigint | undefined): string => {
  if (bytes === undefined) return '-'
  let amount = Number(bytes)
  let unit = 0
  while (Math.abs(amount) >= 1024 && unit < units.length - 1) {
    amount /= 1024
    unit += 1
  }
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit]}`
}

const steps = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
] as const

/** `3.2 h`; a dash where it is not known. */
export const secondsText = (seconds: number | undefined): string => {
  if (seconds === undefined) return '-'
  const step = steps.find(([length]) => seconds >= length)
  return step === undefined ? `${seconds.toFixed(1)} s` : `${(seconds / step[0]).toFixed(1)} ${step[1]}`
}

/** `3 relays`. */
export const countText = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`
