import { OnewriteError } from '../../error/onewrite-error.ts'
import { formatLsn, parseLsn } from '../../postgres/lsn.ts'
import type { Checkpoint } from '../source.ts'
import type { WalPlace } from '../wal/checkpoint.ts'

/** An outbox of somebody else has no positions of the log: the place in the write-ahead log is all there is. */
export const outboxCheckpoint = ({ lsn, ...place }: WalPlace): Checkpoint => ({
  text: JSON.stringify({ source: 'outbox', position: '0', lsn: formatLsn(lsn), ...place }),
  position: 0n,
})

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const textIn = (from: object, name: string): string | undefined => {
  const value: unknown = Reflect.get(from, name)
  return typeof value === 'string' ? value : undefined
}

/** @throws CHECKPOINT_UNREADABLE for one that is not of an outbox */
export const outboxPlaceOf = (name: string, text: string): WalPlace => {
  const found = parse(text)
  if (typeof found === 'object' && found !== null && textIn(found, 'source') === 'outbox') {
    const [lsn, system, slot] = [textIn(found, 'lsn'), textIn(found, 'system'), textIn(found, 'slot')]
    const timeline: unknown = Reflect.get(found, 'timeline')
    if (lsn !== undefined && system !== undefined && slot !== undefined && typeof timeline === 'number') {
      return { lsn: parseLsn(lsn), system, timeline, slot }
    }
  }
  const cause = `${JSON.stringify(text.slice(0, 200))} is not the checkpoint of an outbox`
  throw new OnewriteError('CHECKPOINT_UNREADABLE', { name, cause })
}
