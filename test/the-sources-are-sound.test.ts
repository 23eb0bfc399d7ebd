import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

const complaints = (program: string, ...parameters: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`node_modules/${program}`, ...parameters], {
    cwd: root,
    encoding: 'utf8',
  })
  return status === 0 ? '' : stdout + stderr
}

// The type tests report only faults of their own files.
test('every file type-checks', () => {
  expect(complaints('typescript/bin/tsc', '--noEmit')).toBe('')
}, 120_000)

test('every file is formatted and free of what the linter forbids', () => {
  expect(complaints('@biomejs/biome/bin/biome', 'check', '.')).toBe('')
}, 120_000)
