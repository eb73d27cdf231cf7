import { readFileSync, writeFileSync } from 'node:fs'

const page = new URL('../docs/performance.md', import.meta.url)

/** What a run measures. */
export type ReportKind =
  | 'requests'
  | 'latencies'
  | 'pieces'
  | 'refusals'
  | 'limits'
  | 'memory'
  | 'integrations'

/**
 * Puts a report in the place of the last one of its kind in docs/performance.md.
 * @throws {Error} when the page has lost the markers that it stands between
 */
export function writeReport(kind: ReportKind, report: string): void {
  const [begin, end] = [`<!-- begin: ${kind} -->`, `<!-- end: ${kind} -->`]
  const text = readFileSync(page, 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`docs/performance.md has lost its markers for ${kind}`)
  writeFileSync(page, `${text.slice(0, from + begin.length)}\n\n${report}\n\n${text.slice(to)}`)
}
