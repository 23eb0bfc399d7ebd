import type { Table } from './benchmark.ts'
import { round } from './figures.ts'

const cellText = (value: string | number): string =>
  typeof value === 'number' ? round(value).toLocaleString('en') : value

/** A title and a Markdown table, so that it can be pasted. */
export const tableText = ({ title, columns, rows }: Table): string => {
  const texts = [columns, ...rows.map((row) => row.map(cellText))]
  const widths = columns.map((_, index) => Math.max(...texts.map((row) => row[index]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, index) => (index === 0 ? text.padEnd(widths[index] ?? 0) : text.padStart(widths[index] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, index) => (index === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  const [head = [], ...body] = texts
  return [title, '', line(head), rule, ...body.map(line)].join('\n')
}
