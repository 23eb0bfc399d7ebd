import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'
import { missingNeeds } from './test/support/needs.ts'
import { summary } from './test/support/reporter.ts'

const root = fileURLToPath(new URL('.', import.meta.url))

// Under CI nothing is left out: the global setup fails instead.
const missing = process.env['CI'] === 'true' ? [] : await missingNeeds()

export default defineConfig({
  resolve: {
    alias: [
      { find: /^onewrite$/, replacement: `${root}src/index.ts` },
      { find: /^onewrite\/(\w+)$/, replacement: `${root}src/$1/index.ts` },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'shop/test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...missing.map(({ suffix }) => `**/*${suffix}`)],
    // Errors elsewhere in the sources are found by test/the-sources-are-sound.test.ts, all at once.
    typecheck: {
      enabled: true,
      include: ['test/**/*.test-d.ts', 'shop/test/**/*.test-d.ts'],
      tsconfig: './tsconfig.json',
      ignoreSourceErrors: true,
    },
    globalSetup: './test/support/global-setup.ts',
    reporters: ['default', summary(root, missing)],
    pool: 'forks',
    // Three were a sixth faster on two cores, and starved the processes of the fault tests.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A machine under load takes longer than the second that is the default.
    expect: { poll: { timeout: 15_000 } },
  },
})
