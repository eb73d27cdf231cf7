import { setImmediate as nextTurn } from 'node:timers/promises'

/** A metric, which writes its own lines. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** The lines of its series, each with a line feed; those of one series at once. */
  readonly lines: () => Iterable<string> | Promise<Iterable<string>>
}

/** The metrics of a process, in the order in which they are shown. */
export type Registry = Metric[]

/** What {@link exposition} makes, as `Content-Type`. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8'

/** Length of a piece of the text, in characters: about half a millisecond's work. */
const pieceLength = 65_536

/**
 * The text of all metrics in the text format of Prometheus, version 0.0.4, in pieces. After each piece, requests get
 * their turn: with ten thousand integrations there are half a million lines.
 */
export async function* exposition(registry: Registry): AsyncGenerator<string> {
  // All are asked before the first is shown, so that several can share an answer that they wait for.
  const asked = registry.map((metric) => ({ ...metric, lines: metric.lines() }))
  let piece = ''
  for (const { name, help, type, lines } of asked) {
    piece += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
    for (const ofSeries of await lines) {
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
