/** How Magento carries a request out: at once, later, or later and once for each element of the body's array. */
export type Execution = 'sync' | 'async' | 'bulk'

/** A route of Magento's API, without the prefix that says how it is called. */
export interface ApiRoute {
  readonly execution: Execution
  /** The segments of the path, starting with `V1`. */
  readonly segments: readonly string[]
}

/** Strips a leading `async` or `async/bulk` from the segments of a path or pattern. */
export function apiRoute(segments: readonly string[]): ApiRoute {
  if (segments[0] !== 'async') return { execution: 'sync', segments }
  return segments[1] === 'bulk'
    ? { execution: 'bulk', segments: segments.slice(2) }
    : { execution: 'async', segments: segments.slice(1) }
}
