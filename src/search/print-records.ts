import { escapeControls, printable } from '../syntax/terminal-text.ts'
import type { FoundRecord } from './query.ts'

/** How records are printed. */
export type OutputForm = 'table' | 'json' | 'csv'

interface Column {
  readonly name: string
  /** The width of the column in a table, in characters. The last column is as wide as its content. */
  readonly width: number
}

const columns: readonly Column[] = [
  { name: 'time', width: 24 },
  { name: 'integration', width: 16 },
  { name: 'clientIp', width: 15 },
  { name: 'method', width: 6 },
  { name: 'status', width: 6 },
  { name: 'code', width: 20 },
  { name: 'skus', width: 16 },
  { name: 'requestId', width: 36 },
  { name: 'path', width: 0 },
]

/** The line above the records; undefined if the form has none. */
export function headLine(form: OutputForm): string | undefined {
  if (form === 'json') return undefined
  const names = columns.map(({ name }) => name)
  return form === 'csv' ? names.join(',') : row(names)
}

/** The line for one record. */
export function recordLine(record: FoundRecord, form: OutputForm): string {
  if (form === 'json') return escapeControls(JSON.stringify(record))
  const cells = columns.map(({ name }) => cellOf(record[name]))
  return form === 'csv' ? cells.map((cell) => quoted(printable(cell))).join(',') : row(cells)
}

function cellOf(value: unknown): string {
  if (value === undefined) return ''
  return Array.isArray(value) ? value.join(' ') : String(value)
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => printable(cell).padEnd(columns[index]?.width ?? 0))
    .join('  ')
    .trimEnd()
}

/** Quotes a cell (RFC 4180, section 2), and turns what a spreadsheet would take for a formula into text. */
function quoted(cell: string): string {
  const text = /^[=+\-@]/.test(cell) ? `'${cell}` : cell
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
