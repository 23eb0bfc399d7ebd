import { expect, it } from 'vitest'
import { run } from './run.ts'

const url = 'postgres://shop:p%40ss%2Fword@127.0.0.1:1/shop'

it.each([
  [['migrat'], "unknown command 'migrat'"],
  [['migrate', '--foo'], "unknown option '--foo'"],
  [['retention'], "required option '--after <duration>' not specified"],
  [['relay', 'forget'], "missing required argument 'name'"],
  [['status'], 'no database is named'],
  [['status', '--database-url', 'mysql://x'], 'url does not begin with postgres://'],
  [['status', '--database-url', url, '--schema', 'No"pe'], 'is not a valid name'],
])('%j is a wrong usage: %s', async (argv, words) => {
  const { exitCode, out, err } = await run(argv)
  expect(err).toContain(words)
  expect(err).toContain('fix:')
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
})

it('a wrong usage is a document too where one was asked for', async () => {
  const { exitCode, err, json } = await run(['migrate', '--foo', '--json'])
  expect({ exitCode, err }).toEqual({ exitCode: 2, err: '' })
  expect(json()).toMatchObject({ error: { code: 'INVALID_USAGE', message: "unknown option '--foo'" } })
})

it.each([[['--database-url', url], {}] as const, [[], { DATABASE_URL: url }] as const])(
  'an error never shows the password (%#)',
  async (options, env) => {
    for (const json of [[], ['--json']]) {
      const { exitCode, out, err } = await run(['status', ...options, ...json], env)
      expect(exitCode).toBe(1)
      expect(out + err).toContain('DATABASE_UNREACHABLE')
      expect(out + err).not.toMatch(/p%40ss|p@ss/)
    }
  },
)

it('a password in the wrong place is not repeated either', async () => {
  const { err } = await run(['migrate', '--schema', url, '--database-url', url])
  expect(err).toContain('not a valid name')
  expect(err).not.toMatch(/p%40ss|p@ss/)
})

it('help of every command shows examples, and its exit code is 0', async () => {
  for (const command of [['migrate'], ['retention'], ['relay', 'status'], ['relay', 'forget'], ['doctor']]) {
    const { exitCode, out } = await run([...command, '--help'])
    expect(exitCode).toBe(0)
    expect(out).toContain(`onewrite ${command.join(' ')}`)
    expect(out).toContain('Examples:')
  }
  expect((await run(['--help'])).out).toContain('Exit codes:')
  expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+/)
})

it('a command that lacks its subcommand shows what there is', async () => {
  const { exitCode, err } = await run(['relay'])
  expect(exitCode).toBe(2)
  expect(err).toContain('forget')
})
