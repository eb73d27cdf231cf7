import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

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

/** A counter whose series are counted here and handed to prom-client at each scrape. */
export function tallyCounter<Label extends string>(
  registry: Registry,
  form: MetricForm<Label>,
): (labels: LabelValues<Label>) => CountTally {
  const series = new Map<string, { labels: LabelValues<Label>; tally: CountTally; told: number }>()
  new Counter<Label>({
    ...form,
    registers: [registry],
    collect() {
      for (const each of series.values()) {
        this.inc(each.labels, each.tally.count - each.told)
        each.told = each.tally.count
      }
    },
  })
  return (labels) => {
    const key = keyOf(form, labels)
    let known = series.get(key)
    if (known === undefined) {
      known = { labels, tally: { count: 0 }, told: 0 }
      series.set(key, known)
    }
    return known.tally
  }
}

/** One series of a histogram. */
export interface HistogramTally {
  readonly observe: (value: number) => void
}

/**
 * A histogram whose series are counted here and rendered by prom-client.
 * @param bounds upper bounds of the buckets, ascending
 */
export function tallyHistogram<Label extends string>(
  registry: Registry,
  form: MetricForm<Label>,
  bounds: readonly number[],
): (labels: LabelValues<Label>) => HistogramTally {
  const series = new Map<string, Buckets & { readonly labels: LabelValues<Label> }>()
  const histogram = new Histogram<Label>({ ...form, buckets: [...bounds], registers: [registry] })
  const { name, help } = form
  const read = async () => ({
    ...{ name, help, type: 'histogram', aggregator: 'sum' },
    values: [...series.values()].flatMap((each) => valuesOf(name, bounds, each)),
  })
  Object.assign(histogram, { get: read, getForPromString: read })
  return (labels) => {
    const key = keyOf(form, labels)
    const known = series.get(key) ?? { labels, ...openBuckets(bounds) }
    series.set(key, known)
    return known
  }
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

function valuesOf<Label extends string>(
  name: string,
  bounds: readonly number[],
  { labels, counts, sum }: Buckets & { readonly labels: LabelValues<Label> },
) {
  let upTo = 0
  const buckets = [...bounds, '+Inf'].map((le, index) => {
    upTo += counts[index] as number
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: upTo }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum() },
    { metricName: `${name}_count`, labels, value: upTo },
  ]
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

/** Joins by line feeds, which no value of a label contains. */
function keyOf<Label extends string>(
  { labelNames }: MetricForm<Label>,
  labels: LabelValues<Label>,
): string {
  return labelNames.map((name) => labels[name]).join('\n')
}
