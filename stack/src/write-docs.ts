import { writeFile } from 'node:fs/promises'
import { generatedFiles } from './generated-files.ts'

for (const [path, content] of generatedFiles()) {
  await writeFile(new URL(`../../${path}`, import.meta.url), content)
  console.log(`wrote ${path}`)
}
