/** How Magento carries a request out: at once, later, or later and once for each element of the body's array. */
export type Execution = 'sync' | 'async' | 'bulk'

/** A route of Magento's API, without the prefix that says how it is called. */
export interface ApiRoute {
  readonly execution: Execution
  /** The segments of the path, starting with `V1`. */
  readonly segments: readonly string[]
}

/**
 * Whether Magento may carry a request out once for each element of its body: on a bulk route, and on any other route if
 * the body is an array, since a job that Magento works off is then sent as a bulk.
 * @param body parsed JSON
 */
export function mayBeBulk(execution: Execution, body: unknown): boolean {
  return execution === 'bulk' || Array.isArray(body)
}

/** Whether the steps of a JSON Pointer into such a body begin within each element: the first one names no element. */
export function beginsWithinElements([first = '']: readonly string[]): boolean {
  return !/^(?:\*|\d*)$/.test(first)
}

/**
 * A route as the path of its bulk route has it: `:sku` is the fixed word `bySku` there, and the values of variables are
 * members of the items (Magento: WebapiAsync/Model/BulkServiceConfig.php).
 */
export function bulkPath(route: string): string {
  return route.replace(/:(\w)/g, (_, letter: string) => `by${letter.toUpperCase()}`)
}

/** Turns such a word, `bySku`, back into the variable `:sku`. */
export function variableOfBulkPath(segment: string): string {
  return segment.replace(/^by([A-Z])(\w*)$/, (_, first: string, rest: string) => {
    return `:${first.toLowerCase()}${rest}`
  })
}

/** Strips a leading `async` or `async/bulk` from the segments of a path or pattern. */
export function apiRoute(segments: readonly string[]): ApiRoute {
  if (segments[0] !== 'async') return { execution: 'sync', segments }
  return segments[1] === 'bulk'
    ? { execution: 'bulk', segments: segments.slice(2) }
    : { execution: 'async', segments: segments.slice(1) }
}
