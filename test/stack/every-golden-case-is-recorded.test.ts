import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { goldenCases } from '../../stack/src/golden-cases.ts'
import { failureOf } from '../../stack/src/record-case.ts'

const folder = join(import.meta.dirname, '../fixtures/event-router')
const recorded = readdirSync(folder).filter((file) => file.endsWith('.json'))

test('every case has its file, and every file its case', () => {
  expect(recorded.sort()).toEqual(goldenCases.map(({ name }) => `${name}.json`).sort())
})

test('a file was recorded with the statements and settings that its case has now', () => {
  for (const { name, ...given } of goldenCases) {
    const fixture: unknown = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
    expect(fixture, name).toMatchObject({ name, ...given })
  }
})

test('a failed task is told by its innermost cause, without the stack', () => {
  const trace = [
    'org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler',
    '\tat org.apache.kafka.connect.runtime.Worker.run(Worker.java:1)',
    'Caused by: java.lang.IllegalStateException: Unexpected update: row',
    'of two lines',
    '\tat io.debezium.Router.apply(Router.java:2)',
  ].join('\n')
  expect(failureOf(trace)).toEqual({
    error: 'java.lang.IllegalStateException',
    message: 'Unexpected update: row\nof two lines',
  })
})
