/**
 * Named places where a test may stop the process or make it fail. Nothing happens unless the environment variable
 * ONEWRITE_FAILPOINTS was set when the process started, or a test armed one.
 *
 * `ONEWRITE_FAILPOINTS=relay.published=kill@3,relay.committed=throw` kills at the third passage of the first and
 * throws at the first passage of the second.
 */
export const failpoints = [
  'relay.led',
  'relay.opened',
  'relay.read',
  'relay.published',
  'relay.beforeCommit',
  'relay.committed',
  'relay.checkpointed',
  'consumer.received',
  'consumer.handled',
  'consumer.beforeCommit',
  'consumer.committed',
  'consumer.settled',
  'consumer.parked',
  'consumer.redriven',
  'deadLetter.setAside',
  'deadLetter.sent',
  'consumer.received',
  'consumer.handled',
  'consumer.beforeCommit',
  'consumer.committed',
  'consumer.settled',
  'consumer.parked',
  'consumer.redriven',
  'route.produced',
  'route.sent',
  'route.committed',
  'transaction.beforeCommit',
  'transaction.committed',
] as const

export type Failpoint = (typeof failpoints)[number]
export type FailpointEffect = 'kill' | 'stop' | 'throw' | (() => void)

interface Armed {
  readonly effect: FailpointEffect
  passagesLeft: number
}

const armed = new Map<string, Armed>()

/** Arms a failpoint for its nth passage (from 1). Returns a function that disarms it. */
export const armFailpoint = (name: Failpoint, effect: FailpointEffect, passage = 1): (() => void) => {
  armed.set(name, { effect, passagesLeft: passage })
  return () => {
    armed.delete(name)
  }
}

const take = (name: Failpoint, effect: FailpointEffect): void => {
  if (typeof effect === 'function') effect()
  if (effect === 'kill') process.kill(process.pid, 'SIGKILL')
  if (effect === 'stop') process.kill(process.pid, 'SIGSTOP')
  if (effect === 'throw') throw new Error(`failpoint ${name}`)
}

/** Marks a failpoint. Costs one lookup in an empty map when nothing is armed. */
export const failpoint = (name: Failpoint): void => {
  if (armed.size === 0) return
  const found = armed.get(name)
  if (found === undefined || --found.passagesLeft > 0) return
  armed.delete(name)
  take(name, found.effect)
}

const isFailpoint = (name: string): name is Failpoint => (failpoints as readonly string[]).includes(name)
const isPassage = (passage: string): boolean => /^[1-9]\d*$/.test(passage)
const isEffect = (effect: string): effect is 'kill' | 'stop' | 'throw' => /^(kill|stop|throw)$/.test(effect)

/** Arms what a text such as that of ONEWRITE_FAILPOINTS names. Returns a function that disarms all of it. */
export const armFailpoints = (text: string): (() => void) => {
  const disarms = text
    .split(',')
    .filter((part) => part !== '')
    .map((entry) => {
      const [name = '', rest = ''] = entry.split('=')
      const [effect = '', passage = '1'] = rest.split('@')
      if (!isFailpoint(name) || !isEffect(effect) || !isPassage(passage)) {
        throw new Error(`ONEWRITE_FAILPOINTS: cannot read ${entry}`)
      }
      return armFailpoint(name, effect, Number(passage))
    })
  return () => {
    for (const disarm of disarms) disarm()
  }
}

armFailpoints(process.env['ONEWRITE_FAILPOINTS'] ?? '')
