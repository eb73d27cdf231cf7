/** How Magento carries a request out: at once, later, or later once for each element of an array. */
export type Execution = 'sync' | 'async' | 'bulk'

/** A route of the API and how it is called. */
export interface ApiRoute {
  readonly execution: Execution
  /** From `V1` on. */
  readonly segments: readonly string[]
}

/** Takes `async` or `async/bulk` off the segments of a path or pattern. */
export function apiRoute(segments: readonly string[]): ApiRoute {
  if (segments[0] !== 'async') return { execution: 'sync', segments }
  return segments[1] === 'bulk'
    ? { execution: 'bulk', segments: segments.slice(2) }
    : { execution: 'async', segments: segments.slice(1) }
}
