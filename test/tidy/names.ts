import type { Rule, SourceFile } from './source-file.ts'

/** Words that say nothing about what is inside. */
const vague = [
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'types',
  'lib',
  'core',
  'misc',
  'shared',
  'interfaces',
]

const ours = ({ path }: SourceFile): boolean => /^(src|test|shop|bench|stack|sql)\//.test(path)

const segments = ({ path }: SourceFile): readonly string[] => path.split('/')

const stem = (segment: string): string => segment.replace(/(?<=.)\..*$/, '')

const kebab = /^[a-z0-9]+(-[a-z0-9]+)*$/
const migration = /^\d{4}_[a-z0-9_]+$/
const spoken = /^(README|AGENTS)$/

const isWellNamed = (segment: string): boolean =>
  kebab.test(stem(segment)) || migration.test(stem(segment)) || spoken.test(stem(segment))

const one = (path: string): readonly SourceFile[] => [{ path, text: '' }]

export const nameRules: readonly Rule[] = [
  {
    name: 'no folder or file has a vague name',
    check: (files) =>
      files
        .filter(ours)
        .filter((file) => segments(file).some((segment) => vague.includes(stem(segment))))
        .map(({ path }) => `${path}: name it after what it does`),
    broken: [one('src/log/utils.ts'), one('src/common/clock.ts'), one('test/helpers/broker.ts')],
  },
  {
    name: 'names are kebab-case',
    check: (files) =>
      files
        .filter(ours)
        .filter((file) => !segments(file).every(isWellNamed))
        .map(({ path }) => `${path}: not kebab-case`),
    broken: [one('src/log/appendEvents.ts'), one('src/deadLetter/park.ts'), one('test/log/Read_All.test.ts')],
  },
]
