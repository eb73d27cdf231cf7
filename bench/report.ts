import { readFileSync, writeFileSync } from 'node:fs'
import type { Round } from './load.ts'

/** One measured round of one proxy. */
export interface Sample extends Round {
  readonly cpuUsPerRequest: number
  readonly residentBytes: number
}

/** The rounds of one case, in pairs. */
export interface CaseResult {
  readonly name: string
  readonly bare: readonly Sample[]
  readonly gateway: readonly Sample[]
}

const page = new URL('../docs/performance.md', import.meta.url)
const [begin, end] = ['<!-- measured by npm run bench -->', '<!-- end of measurement -->']

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}

/** The table of a run, in Markdown. */
export function renderReport(results: readonly CaseResult[], machine: string): string {
  const rows = results.flatMap(({ name, bare, gateway }) => {
    const ratios = gateway.map(
      ({ cpuUsPerRequest }, index) =>
        cpuUsPerRequest / (bare[index]?.cpuUsPerRequest ?? Number.NaN),
    )
    return [
      row(name, 'bare proxy', bare, ''),
      row(name, 'gateway', gateway, median(ratios).toFixed(2)),
    ]
  })
  return [
    machine,
    '',
    '| case | proxy | CPU µs per request | ratio | requests/s | p50 ms | p99 ms | resident MiB |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

function row(name: string, proxy: string, samples: readonly Sample[], ratio: string): string {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick))
  const cells = [
    name,
    proxy,
    of(({ cpuUsPerRequest }) => cpuUsPerRequest).toFixed(0),
    ratio,
    of(({ requests, seconds }) => requests / seconds).toFixed(0),
    of(({ p50Ms }) => p50Ms).toFixed(2),
    of(({ p99Ms }) => p99Ms).toFixed(2),
    of(({ residentBytes }) => residentBytes / 1_048_576).toFixed(0),
  ]
  return `| ${cells.join(' | ')} |`
}

/** Puts a table in the place of the last one in docs/performance.md. */
export function writeReport(report: string): void {
  const text = readFileSync(page, 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error('docs/performance.md has lost its markers')
  writeFileSync(page, `${text.slice(0, from + begin.length)}\n\n${report}\n\n${text.slice(to)}`)
}
