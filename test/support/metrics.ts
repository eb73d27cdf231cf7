import { setTimeout as delay } from 'node:timers/promises'

/** What `/metrics` says at a moment. */
export interface Scrape {
  readonly text: string
  /** Names of series with their labels, as they are written. */
  readonly series: ReadonlySet<string>
  /** The value of a series; undefined where there is none. Labels in the order in which they are written. */
  readonly value: (series: string) => number | undefined
}

/** Asks a gateway for its metrics once every request that is over has been counted, and its record written. */
export async function scrape({ adminUrl }: { readonly adminUrl: string }): Promise<Scrape> {
  for (;;) {
    const text = await (await fetch(`${adminUrl}/metrics`)).text()
    const values = new Map(
      [...text.matchAll(/^([a-z_]+(?:\{.*\})?) (\S+)$/gm)].map(([, name = '', value]) => [
        name,
        Number(value),
      ]),
    )
    if (values.get('magegate_audit_waiting_records') === 0) {
      return { text, series: new Set(values.keys()), value: (series) => values.get(series) }
    }
    await delay(2)
  }
}

/** Asks until the metrics are as they are waited for. */
export async function scrapeUntil(
  gateway: { readonly adminUrl: string },
  isReached: (scrape: Scrape) => boolean,
): Promise<Scrape> {
  for (;;) {
    const seen = await scrape(gateway)
    if (isReached(seen)) return seen
    // To ask takes both sides as long as a request.
    await delay(10)
  }
}
