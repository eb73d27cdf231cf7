import type { AcceptedJob, JobItemResult } from './job.ts'

/** A request that was accepted, whole: what is needed to carry it out, and nothing that authenticates. */
export interface JobRequest {
  readonly job: AcceptedJob
  /** Raw, as received. */
  readonly path: string
  /** From `V1` on. */
  readonly segments: readonly string[]
  readonly query: string | undefined
  readonly store: string | undefined
  /** What is forwarded of the header section; names and values in turn. */
  readonly headers: readonly string[]
  readonly clientIp: string | undefined
  readonly engine: 'gateway' | 'magento'
  readonly isRepeatable: boolean
  /** Whether an endpoint of the gateway's own answers it. */
  readonly isComposed: boolean
  /** What Magento calls it, since it has taken it. */
  readonly bulkUuid?: string | undefined
  /** Items that Magento has not taken with the others. */
  readonly refused?: readonly JobItemResult[] | undefined
  readonly body: Buffer
  /** Where it was cancelled outside of a gateway, and only this is to be told; milliseconds since the epoch. */
  readonly cancelledAtMs?: number | undefined
}

/** The bytes of a request, for a queue: a line of JSON, then the body. */
export function encodeJobRequest({ body, ...head }: JobRequest): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body])
}

/** Reads what {@link encodeJobRequest} wrote. */
export function decodeJobRequest(payload: Buffer): JobRequest {
  const end = payload.indexOf(0x0a)
  const head = JSON.parse(payload.toString('utf8', 0, end)) as Omit<JobRequest, 'body'>
  return { ...head, body: payload.subarray(end + 1) }
}
