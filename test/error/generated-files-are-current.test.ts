import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { generatedFiles } from '../../stack/src/generated-files.ts'

it.each(generatedFiles())('%s says what its table says (npm run docs writes it)', (path, content) => {
  expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(content)
})
