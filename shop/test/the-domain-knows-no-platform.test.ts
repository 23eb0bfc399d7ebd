import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const importsOf = async (file: string): Promise<(string | undefined)[]> => {
  const text = await readFile(new URL(`../src/${file}`, import.meta.url), 'utf8')
  return Array.from(text.matchAll(/\bfrom '([^']+)'/g), (match) => match[1])
}

it.each([
  ['money.ts', ['big.js']],
  ['order.ts', ['./money.ts']],
])('the domain file %s imports only %s', async (file, allowed) => {
  expect(await importsOf(file)).toEqual(allowed)
})

it.each(['place-order.ts', 'find-order.ts', 'order-events.ts', 'cancel-order.ts', 'order-cancelled.ts'])(
  '%s knows no HTTP',
  async (file) => {
    const imports = await importsOf(file)
    expect(
      imports.filter((name) =>
        /^(fastify|@fastify|\.\/http|\.\/json-body|\.\/order-schema)/.test(name ?? ''),
      ),
    ).toEqual([])
  },
)

it.each(['http.ts', 'order-schema.ts', 'json-body.ts'])(
  '%s knows no database and no transport',
  async (file) => {
    const imports = await importsOf(file)
    expect(imports.filter((name) => /^onewrite/.test(name ?? ''))).toEqual([])
  },
)
