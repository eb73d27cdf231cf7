import { setImmediate as nextTurn } from 'node:timers/promises'

/** A metric, which writes its own lines: it can have hundreds of thousands of them. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** The lines of its series, each with a line feed; those of one series at once. */
  readonly lines: () => Iterable<string> | Promise<Iterable<string>>
}

/** The metrics of a gateway, in the order in which a scrape shows them. */
export type Registry = Metric[]

/** Length of a piece of the text, in characters: about half a millisecond's work. */
const pieceLength = 65_536

/**
 * The text of all metrics in the text format of Prometheus, version 0.0.4, in pieces. After each piece, requests get
 * their turn: with ten thousand integrations there are half a million lines.
 */
export async function* exposition(registry: Registry): AsyncGenerator<string> {
  // All at once, since some ask for the same.
  const lines = await Promise.all(registry.map((metric) => metric.lines()))
  let piece = ''
  for (const [index, { name, help, type }] of registry.entries()) {
    piece += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
    for (const ofSeries of lines[index] ?? []) {
      piece += ofSeries
      if (piece.length < pieceLength) continue
      yield piece
      piece = ''
      await nextTurn()
    }
  }
  yield piece
}

/** The labels of a series as its lines have them, without the braces. */
export function labelText(names: readonly string[], values: readonly string[]): string {
  return names
    .map((name, index) => `${name}="${values[index]?.replaceAll(/[\\\n"]/g, escapeCharacter)}"`)
    .join(',')
}

/** One line, with a line feed. */
export function metricLine(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`
}

function escapeCharacter(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}
