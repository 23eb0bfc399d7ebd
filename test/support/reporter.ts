import type { Reporter, TestCase, TestModule } from 'vitest/node'
import { countTests, type MissingNeed } from './needs.ts'

interface Tally {
  passed: number
  failed: number
  readonly skipped: string[]
}

const count = (tally: Tally, test: TestCase): void => {
  const result = test.result()
  if (result.state === 'passed') tally.passed += 1
  else if (result.state === 'failed') tally.failed += 1
  else {
    const reason = result.state === 'skipped' ? result.note : undefined
    tally.skipped.push(`${test.module.relativeModuleId} > ${test.fullName}: ${reason ?? 'no reason given'}`)
  }
}

/** A file or a hook that failed outside of every test, and would otherwise not be counted. */
const failedOutside = (module: TestModule): boolean =>
  !module.ok() && ![...module.children.allTests('failed')].length

/**
 * Ends the run with one line that a machine can read, `N passed, N failed, N skipped`, and names every test that did
 * not run, with the reason.
 */
export const summary = (root: string, missing: readonly MissingNeed[]): Reporter => ({
  onTestRunEnd: (modules, unhandled, reason) => {
    const tally: Tally = { passed: 0, failed: unhandled.length, skipped: [] }
    for (const module of modules) {
      for (const test of module.children.allTests()) count(tally, test)
      if (failedOutside(module)) tally.failed += 1
    }
    // A set-up that failed is the fault of no test, and there may not be any.
    if (reason === 'failed' && tally.failed === 0) tally.failed = 1
    const leftOut = missing.map((need) => ({ ...need, tests: countTests(root, need.suffix) }))
    for (const { need, suffix, reason, tests } of leftOut) {
      console.log(`SKIPPED ${tests} tests in *${suffix} because ${need} is missing: ${reason}`)
    }
    for (const line of tally.skipped) console.log(`SKIPPED ${line}`)
    const skipped = leftOut.reduce((sum, { tests }) => sum + tests, tally.skipped.length)
    console.log(`${tally.passed} passed, ${tally.failed} failed, ${skipped} skipped`)
  },
})
