import { Gauge, type Registry } from 'prom-client'
import { labelText, metricLine, registerLines } from './exposition.ts'

/** The name, description and labels of a metric. */
export interface MetricForm<Labels extends readonly string[]> {
  readonly name: string
  readonly help: string
  /** Left out where there are none. */
  readonly labelNames?: Labels
}

/**
 * The values of all labels of a metric, in the order of their names. They come from the configuration or our own code, so
 * that there are few.
 */
export type LabelValues<Labels extends readonly string[]> = {
  readonly [Index in keyof Labels]: string
}

/** One series of a counter. Counting is just an addition, whereas prom-client looks up the labels at every call. */
export interface CountTally {
  count: number
}

/** Registers a counter whose series are counted here; gives the function that finds the one with certain labels. */
export function tallyCounter<const Labels extends readonly string[] = readonly []>(
  registry: Registry,
  form: MetricForm<Labels>,
): (...labels: LabelValues<Labels>) => CountTally {
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
export function eventCounter<const Labels extends readonly string[] = readonly []>(
  registry: Registry,
  form: MetricForm<Labels>,
): (...labels: LabelValues<Labels>) => void {
  const find = tallyCounter<readonly string[]>(registry, form)
  if (form.labelNames === undefined) find()
  return (...labels) => {
    find(...labels).count += 1
  }
}

/** One series of a histogram. */
export interface HistogramTally {
  readonly observe: (value: number) => void
}

/**
 * Registers a histogram whose series are counted here; gives the function that finds the one with certain labels.
 * @param bounds upper bounds of the buckets, ascending
 */
export function tallyHistogram<const Labels extends readonly string[] = readonly []>(
  registry: Registry,
  form: MetricForm<Labels>,
  bounds: readonly number[],
): (...labels: LabelValues<Labels>) => HistogramTally {
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
export function readGauge<const Labels extends readonly string[] = readonly []>(
  registry: Registry,
  form: MetricForm<Labels>,
  read: () => Iterable<readonly [labels: LabelValues<Labels>, value: number]>,
): void {
  const { name, labelNames = [] } = form
  registerLines(registry, {
    ...form,
    type: 'gauge',
    *lines() {
      for (const [labels, value] of read()) {
        yield metricLine(name, labelText(labelNames, labels), value)
      }
    },
  })
}

/** The series of a metric, each with its labels as text. */
interface Series<Tally> {
  /** The series with these labels, which is opened where there is none. */
  readonly find: (...labels: readonly string[]) => Tally
  readonly series: () => Iterable<readonly [labels: string, tally: Tally]>
}

function openSeries<Tally>(
  { labelNames = [] }: MetricForm<readonly string[]>,
  open: () => Tally,
): Series<Tally> {
  const known = new Map<string, readonly [text: string, tally: Tally]>()
  return {
    find: (...labels) => {
      // No value contains a line feed.
      const key = labels.join('\n')
      let found = known.get(key)
      if (found === undefined) {
        found = [labelText(labelNames, labels), open()]
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
  form: MetricForm<readonly []>,
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
