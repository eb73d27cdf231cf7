/** How a write that is carried out later is carried out. */
export interface Deferral {
  /** Who works it off: the gateway, or Magento's own bulk API. */
  readonly engine: 'gateway' | 'magento'
  /** Jobs with the same key are carried out in the order of their acceptance. */
  readonly orderKey: string | undefined
  /** Whether it may be sent again when nobody knows what became of it. */
  readonly isRepeatable: boolean
  /** Until it is given up; milliseconds. */
  readonly lifeMs: number
  /** Whether the caller asked for it (RFC 7240), and is told so. */
  readonly isAsked: boolean
}

/** What a request asks of the jobs. */
export type JobAsk =
  | { readonly kind: 'accept'; readonly deferral: Deferral }
  | { readonly kind: 'show' | 'cancel'; readonly id: string }

/** The routes of a job that was accepted; every integration is granted them where jobs are kept. */
export const jobRoutes = {
  GET: { route: 'GET /V1/jobs/:id', kind: 'show' },
  DELETE: { route: 'DELETE /V1/jobs/:id', kind: 'cancel' },
} as const

/** Path of a job, in the store of the request that was accepted. */
export function jobPath(store: string | undefined, id: string): string {
  return `${store === undefined ? '/rest' : `/rest/${store}`}/V1/jobs/${id}`
}

/** Fields of the answer to a write that was accepted (RFC 7240, section 3); names and values in turn. */
export function acceptanceHeaders(location: string, { isAsked }: Deferral): string[] {
  return [...['Location', location], ...(isAsked ? ['Preference-Applied', 'respond-async'] : [])]
}
