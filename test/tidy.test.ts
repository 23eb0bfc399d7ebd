import { describe, expect, test } from 'vitest'
import { cycleRules } from './tidy/cycles.ts'
import { documentRules } from './tidy/documents.ts'
import { layerRules } from './tidy/layers.ts'
import { nameRules } from './tidy/names.ts'
import { sizeRules } from './tidy/sizes.ts'
import { repositoryFiles } from './tidy/source-file.ts'
import { testRules } from './tidy/test-files.ts'
import { wordRules } from './tidy/words.ts'

const rules = [
  ...layerRules,
  ...cycleRules,
  ...sizeRules,
  ...nameRules,
  ...wordRules,
  ...testRules,
  ...documentRules,
]

const files = repositoryFiles()

describe.each(rules.map((rule) => [rule.name, rule] as const))('%s', (_, { check, broken }) => {
  test('holds in this repository', () => {
    expect(check(files)).toEqual([])
  })

  test.each(broken)('finds what breaks it (%#)', (...violation) => {
    expect(check(violation)).not.toEqual([])
  })
})
