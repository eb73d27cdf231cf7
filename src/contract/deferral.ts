import { restPrefix } from '../syntax/rest-prefix.ts'

/** How a write is carried out that is accepted now and done later. */
export interface Deferral {
  /** Who carries it out: the gateway, or Magento's own bulk API. */
  readonly engine: 'gateway' | 'magento'
  /** Jobs with the same key are carried out in the order of their acceptance. */
  readonly orderKey: string | undefined
  /** Whether it may be sent again when it is not known what became of it. */
  readonly isRepeatable: boolean
  /** How long it is tried before it is given up; milliseconds. */
  readonly lifeMs: number
  /** Whether the caller asked for it (RFC 7240) and is told that it was heard. */
  readonly isAsked: boolean
}

/** What a request wants of a job that was accepted. */
export interface JobAsk {
  readonly kind: 'show' | 'cancel'
  readonly id: string
}

/** What a caller is told where a job may have been accepted, and could not be taken back. */
export const unknownAcceptance = 'It is not known whether the job will be carried out all the same.'

/** The routes of an accepted job; every integration is granted them where jobs are kept. */
export const jobRoutes = {
  GET: { route: 'GET /V1/jobs/:id', kind: 'show' },
  DELETE: { route: 'DELETE /V1/jobs/:id', kind: 'cancel' },
} as const

/** Path of a job, in the store of the request that was accepted. */
export function jobPath(store: string | undefined, id: string): string {
  return `${restPrefix(store)}/V1/jobs/${id}`
}

/** Fields of the answer to a write that was accepted (RFC 7240, section 3); names and values in turn. */
export function acceptanceHeaders(
  location: string,
  { isAsked }: Pick<Deferral, 'isAsked'>,
): string[] {
  return [...['Location', location], ...(isAsked ? ['Preference-Applied', 'respond-async'] : [])]
}
