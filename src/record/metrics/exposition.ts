import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Registry } from 'prom-client'

/** A metric that writes its own lines, because it can have hundreds of thousands of them. */
export interface LineMetric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** The lines of its series, each with a line feed; those of one series at once. */
  readonly lines: () => Iterable<string>
}

/** Registers a metric that writes its own lines; only {@link exposition} can read it. */
export function registerLines(registry: Registry, metric: LineMetric): void {
  registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0])
}

/** Length of a piece of the text, in characters: about half a millisecond's work. */
const pieceLength = 65_536

/**
 * The text of all metrics in the text format of Prometheus, version 0.0.4, in pieces. After each piece, requests get
 * their turn: with ten thousand integrations there are half a million lines. prom-client renders its own metrics, but
 * all at once, and a line of many labels takes it 10 µs.
 */
export async function* exposition(registry: Registry): AsyncGenerator<string> {
  const metrics = registry.getMetricsAsArray()
  const own = (metrics as readonly object[]).filter(isLineMetric)
  const texts = metrics
    .filter((each) => !isLineMetric(each))
    .map(({ name }) => registry.getSingleMetricAsString(name))
  yield (await Promise.all(texts)).map((text) => `${text}\n`).join('')
  for (const { name, help, type, lines } of own) {
    let piece = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
    for (const ofSeries of lines()) {
      piece += ofSeries
      if (piece.length < pieceLength) continue
      yield piece
      piece = ''
      await nextTurn()
    }
    yield piece
  }
}

function isLineMetric(metric: object): metric is LineMetric {
  return 'lines' in metric
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
