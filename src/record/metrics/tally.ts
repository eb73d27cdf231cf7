import { Gauge, type Registry } from 'prom-client'
import { labelText, metricLine, registerLines } from './exposition.ts'

/** The name, description and labels of a metric. */
export interface MetricForm<Label extends string> {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly Label[]
}

/** Values of all labels of a metric. They come from the configuration or our own code, so that there are few. */
export type LabelValues<Label extends string> = Readonly<Record<Label, string>>

/** One series of a counter. Counting is just an addition, whereas prom-client looks up the labels at every call. */
export interface CountTally {
  count: number
}

/** Registers a counter whose series are counted here. */
export function tallyCounter<Label extends string>(
  registry: Registry,
  form: MetricForm<Label>,
): (labels: LabelValues<Label>) => CountTally {
  const { find, series } = openSeries(form, (): CountTally => ({ count: 0 }))
  registerLines(registry, {
    ...form,
    type: 'counter',
    *lines() {
      for (const [labels, { count }] of series()) yield metricLine(form.name, labels, count)
    },
  })
  return find
}

/** Registers a counter; gives the function that counts one event. A counter without labels is shown from the start. */
export function eventCounter<Label extends string = never>(
  registry: Registry,
  form: MetricForm<Label>,
): (labels: LabelValues<Label>) => void {
  const find = tallyCounter(registry, form)
  if (form.labelNames.length === 0) find({} as LabelValues<Label>)
  return (labels) => {
    find(labels).count += 1
  }
}

/** One series of a histogram. */
export interface HistogramTally {
  readonly observe: (value: number) => void
}

/**
 * Registers a histogram whose series are counted here.
 * @param bounds upper bounds of the buckets, ascending
 */
export function tallyHistogram<Label extends string>(
  registry: Registry,
  form: MetricForm<Label>,
  bounds: readonly number[],
): (labels: LabelValues<Label>) => HistogramTally {
  const { name } = form
  const { find, series } = openSeries(form, () => openBuckets(bounds))
  const ends = [...bounds, '+Inf'].map((bound) => `le="${bound}"`)
  registerLines(registry, {
    ...form,
    type: 'histogram',
    *lines() {
      for (const [labels, { counts, sum }] of series()) {
        const before = labels === '' ? '' : `${labels},`
        let upTo = 0
        // In one piece, so that they belong together: requests get their turn between pieces.
        let lines = ''
        for (const [index, end] of ends.entries()) {
          upTo += counts[index] as number
          lines += metricLine(`${name}_bucket`, before + end, upTo)
        }
        lines += metricLine(`${name}_sum`, labels, sum())
        yield lines + metricLine(`${name}_count`, labels, upTo)
      }
    },
  })
  return find
}

interface Buckets extends HistogramTally {
  /** One for each bound, and one for values above all of them. */
  readonly counts: readonly number[]
  readonly sum: () => number
}

function openBuckets(bounds: readonly number[]): Buckets {
  const counts: number[] = new Array(bounds.length + 1).fill(0)
  let sum = 0
  return {
    counts,
    sum: () => sum,
    observe: (value) => {
      let index = 0
      while (index < bounds.length && value > (bounds[index] as number)) index += 1
      ;(counts[index] as number) += 1
      sum += value
    },
  }
}

/**
 * Registers a gauge that is read at each scrape.
 * @param read gives the labels and the value of every series
 */
export function readGauge<Label extends string>(
  registry: Registry,
  form: MetricForm<Label>,
  read: () => Iterable<readonly [labels: LabelValues<Label>, value: number]>,
): void {
  registerLines(registry, {
    ...form,
    type: 'gauge',
    *lines() {
      for (const [labels, value] of read()) yield metricLine(form.name, labelText(labels), value)
    },
  })
}

/** The series of a metric, each with its labels as text. */
interface Series<Label extends string, Tally> {
  /** The series with these labels, which is opened where there is none. */
  readonly find: (labels: LabelValues<Label>) => Tally
  readonly series: () => Iterable<readonly [labels: string, tally: Tally]>
}

function openSeries<Label extends string, Tally>(
  { labelNames }: MetricForm<Label>,
  open: () => Tally,
): Series<Label, Tally> {
  const known = new Map<string, readonly [text: string, tally: Tally]>()
  return {
    find: (labels) => {
      // No value contains a line feed.
      const key = labelNames.map((name) => labels[name]).join('\n')
      let found = known.get(key)
      if (found === undefined) {
        const inOrder = Object.fromEntries(labelNames.map((name) => [name, labels[name]]))
        found = [labelText(inOrder), open()]
        known.set(key, found)
      }
      return found[1]
    },
    series: () => known.values(),
  }
}

/** A gauge that is read at each scrape; gives the function that sets what to read, which is 0 until then. */
export function watchedGauge(
  registry: Registry,
  form: Omit<MetricForm<never>, 'labelNames'>,
): (read: () => number) => void {
  let current = () => 0
  new Gauge({
    ...form,
    registers: [registry],
    collect() {
      this.set(current())
    },
  })
  return (read) => {
    current = read
  }
}
