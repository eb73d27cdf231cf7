import type { CaseResult, Sample } from './measure.ts'
import type { Piece } from './micro.ts'
import type { RefusalTiming } from './refusal-timing.ts'
import { median } from './statistics.ts'

/** Renders rows of cells as a Markdown table whose source can be read too. */
function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [line(head), line(rule), ...rest.map(line)].join('\n')
}

/** The table of both proxies, a case after the other. */
export function renderCases(results: readonly CaseResult[]): string {
  const rows = results.flatMap(({ name, bare, gateway }) => {
    const ratios = gateway.map(({ cpuUs }, index) => cpuUs / (bare[index]?.cpuUs ?? Number.NaN))
    return [
      [name, 'bare proxy', '', ...cellsOf(bare)],
      [name, 'gateway', median(ratios).toFixed(2), ...cellsOf(gateway)],
    ]
  })
  const head = ['case', 'proxy', 'ratio', 'CPU µs', 'requests/s', 'p50 ms', 'p99 ms']
  return table([[...head, 'core busy', 'resident MiB'], ...rows])
}

function cellsOf(samples: readonly Sample[]): string[] {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick))
  return [
    of(({ cpuUs }) => cpuUs).toFixed(0),
    of(({ requests, seconds }) => requests / seconds).toFixed(0),
    of(({ p50Ms }) => p50Ms).toFixed(2),
    of(({ p99Ms }) => p99Ms).toFixed(2),
    `${(of(({ busy }) => busy) * 100).toFixed(0)} %`,
    of(({ residentBytes }) => residentBytes / 1_048_576).toFixed(0),
  ]
}

/** The table of single pieces. */
export function renderPieces(pieces: readonly Piece[]): string {
  const rows = pieces.map(({ name, us }) => [name, us.toFixed(us < 10 ? 2 : 0)])
  return table([['piece', 'µs'], ...rows])
}

/** The table of refused credentials. */
export function renderRefusals(timings: readonly RefusalTiming[]): string {
  const rows = timings.map(({ presented, unknownMs, knownMs, knownSlower }) => [
    presented,
    unknownMs.toFixed(3),
    knownMs.toFixed(3),
    knownSlower.toFixed(2),
  ])
  return table([['presented', 'unknown, ms', 'known, ms', 'share of pairs slower'], ...rows])
}
