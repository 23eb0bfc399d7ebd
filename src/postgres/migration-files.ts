import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { quoteIdentifier, quoteNameLiteral } from './identifier.ts'

export interface Migration {
  readonly version: number
  /** File name without its ending, such as `0001_log`. */
  readonly name: string
  readonly text: string
  /** SHA-256 of the text, line endings aside. */
  readonly checksum: string
}

/** `sql/` of the package; the same way up from `src/postgres` and from `dist/postgres`. */
const shipped = new URL('../../sql/', import.meta.url)

const fileName = /^((\d{4})_[a-z0-9_]+)\.sql$/

const readMigration = async (folder: URL, file: string): Promise<Migration | undefined> => {
  const [, name, digits] = fileName.exec(file) ?? []
  if (name === undefined || digits === undefined) return undefined
  const text = (await readFile(new URL(file, folder), 'utf8')).replaceAll('\r\n', '\n')
  return { version: Number(digits), name, text, checksum: createHash('sha256').update(text).digest('hex') }
}

/** All migrations in order: 1, 2, 3 and so on without a gap. */
export const readMigrations = async (folder: URL = shipped): Promise<readonly Migration[]> => {
  const files = (await readdir(folder)).sort()
  const read = await Promise.all(files.map((file) => readMigration(folder, file)))
  const migrations = read.filter((migration) => migration !== undefined)
  migrations.forEach(({ version, name }, index) => {
    if (version !== index + 1) throw new Error(`migration ${name} should have number ${index + 1}`)
  })
  return migrations
}

/** Puts the schema's name in the place of `:schema` (as an identifier) and `:'schema'` (as a literal). */
export const renderSql = (text: string, schema: string): string =>
  text
    .replaceAll(":'schema'", quoteNameLiteral('schema', schema))
    .replace(/(?<!:):schema\b/g, quoteIdentifier('schema', schema))
