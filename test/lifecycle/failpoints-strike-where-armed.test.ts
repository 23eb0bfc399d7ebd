import { spawnSync } from 'node:child_process'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { armFailpoint, failpoint } from '../../src/lifecycle/failpoint.ts'

const disarms: (() => void)[] = []

const arm = (...given: Parameters<typeof armFailpoint>): void => {
  disarms.push(armFailpoint(...given))
}

afterEach(() => {
  for (const disarm of disarms.splice(0)) disarm()
})

describe('a failpoint', () => {
  it('does nothing unless it is armed', () => {
    arm('relay.read', 'throw')
    expect(() => failpoint('relay.published')).not.toThrow()
    expect(() => failpoint('relay.read')).toThrow('failpoint relay.read')
  })

  it('strikes at the passage it was armed for, once', () => {
    const struck = vi.fn()
    arm('relay.published', struck, 3)
    const counts = Array.from({ length: 5 }, () => {
      failpoint('relay.published')
      return struck.mock.calls.length
    })
    expect(counts).toEqual([0, 0, 1, 1, 1])
  })

  it('can be disarmed', () => {
    armFailpoint('relay.led', 'throw')()
    expect(() => failpoint('relay.led')).not.toThrow()
  })
})

/** Another process: what was set when it started decides, and it may not survive. */
const inProcess = (armed: string, script: string) => {
  const module = new URL('../../src/lifecycle/failpoint.ts', import.meta.url).href
  return spawnSync(
    process.execPath,
    [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      `const { failpoint } = await import('${module}'); ${script}`,
    ],
    { encoding: 'utf8', env: { ...process.env, ONEWRITE_FAILPOINTS: armed } },
  )
}

describe('ONEWRITE_FAILPOINTS', () => {
  it('kills at the passage it names', () => {
    const pass = 'for (let n = 1; n < 5; n += 1) { console.log(n); failpoint("relay.published") }'
    const { stdout, signal } = inProcess('relay.read=throw,relay.published=kill@3', pass)
    expect([stdout, signal]).toEqual(['1\n2\n3\n', 'SIGKILL'])
  })

  it('throws at the first passage where none is named', () => {
    const { status, stderr } = inProcess('relay.read=throw', 'failpoint("relay.read")')
    expect(status).toBe(1)
    expect(stderr).toContain('failpoint relay.read')
  })

  it.each([
    'relay.nowhere=kill',
    'relay.read=explode',
    'relay.read',
    'relay.read=kill@soon',
    'relay.read=kill@0',
  ])('refuses %s instead of doing nothing', (text) => {
    const { status, stderr } = inProcess(text, 'console.log("started")')
    expect(status).toBe(1)
    expect(stderr).toContain(`ONEWRITE_FAILPOINTS: cannot read ${text}`)
  })
})
