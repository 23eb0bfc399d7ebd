import { isTest, places, type Rule, type SourceFile } from './source-file.ts'

/** A contract suite brings its assertions along. */
const assertion =
  /\w+Contract\b|\bexpect(TypeOf)?[.<(]|\bassert[A-Za-z]*[.(]|@ts-expect-error|\bcheck[A-Z]\w*\(/
const focus = /\b(test|it|describe|suite)\.(only|skip|todo|fails)\b/g
const retries = /\bretry:\s*\d/g

/** A wait for a fixed time instead of for a condition. A fault at a random moment is something else. */
const sleeps =
  /\bsetTimeout\(\s*(resolve|done|r|ok),\s*[\d_]+|\bawait (sleep|delay|wait|pause)\(\s*[\d_]+\s*\)|import \{[^}]*setTimeout[^}]*\} from 'node:timers\/promises'/g

const one = (text: string): readonly SourceFile[] => [{ path: 'test/log/reads.test.ts', text }]

const inTests = (pattern: RegExp) => (files: readonly SourceFile[]) =>
  files
    .filter((file) => isTest(file) && file.path !== 'test/tidy.test.ts')
    .flatMap((file) => places(file, pattern))

export const testRules: readonly Rule[] = [
  {
    name: 'every test file asserts something',
    check: (files) =>
      files
        .filter((file) => isTest(file) && !assertion.test(file.text))
        .map(({ path }) => `${path}: no assertion`),
    broken: [one("test('reads', async () => { await read() })")],
  },
  {
    name: 'no test is focused, skipped or left to be written',
    check: inTests(focus),
    broken: [
      one("test.only('reads', () => { expect(1).toBe(1) })"),
      one("describe.skip('reads', () => {})"),
      one("it.todo('reads')"),
    ],
  },
  {
    name: 'no test is tried again until it passes',
    check: inTests(retries),
    broken: [one("test('reads', { retry: 3 }, () => { expect(1).toBe(1) })")],
  },
  {
    name: 'tests wait for conditions, never for a time',
    check: inTests(sleeps),
    broken: [
      one('await new Promise((resolve) => setTimeout(resolve, 100))'),
      one('await sleep(100)'),
      one("import { setTimeout as pause } from 'node:timers/promises'"),
    ],
  },
]
