import assert from 'node:assert/strict'
import { pause } from '../lifecycle/pause.ts'

const everyMilliseconds = 10
const patience = 60_000

/** Resolves when a condition holds; fails, naming what was waited for, when it does not within a minute. */
export const until = async (condition: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  const deadline = performance.now() + patience
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `waited in vain for ${what}`)
    await pause(everyMilliseconds)
  }
}
