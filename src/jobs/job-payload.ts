import type { RequestTarget } from '../request-context.ts'
import { parseJson } from '../syntax/parse-json.ts'
import type { AcceptedJob, JobItemResult } from './job.ts'

/** An accepted request: everything that is needed to carry it out, and nothing that authenticates. */
export interface JobRequest extends RequestTarget {
  readonly job: AcceptedJob
  /** The header fields to forward; names and values in turn. */
  readonly headers: readonly string[]
  readonly clientIp: string | undefined
  readonly engine: 'gateway' | 'magento'
  readonly isRepeatable: boolean
  /** Whether an endpoint of the gateway's own answers it. */
  readonly isComposed: boolean
  /** Magento's id for it, once Magento's asynchronous API has accepted it. */
  readonly bulkUuid?: string | undefined
  /** How many items Magento was sent in it, those that it refused included. */
  readonly bulkTotal?: number | undefined
  /** Results of items that Magento refused when it accepted the others. */
  readonly refused?: readonly JobItemResult[] | undefined
  readonly body: Buffer
  /** Set in a `cancelNotice`: when a command cancelled the job; milliseconds since the epoch. */
  readonly cancelledAtMs?: number | undefined
}

/** The bytes of a request, for a queue: a line of JSON, then the body. */
export function encodeJobRequest({ body, ...head }: JobRequest): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body])
}

/**
 * Reads what {@link encodeJobRequest} wrote.
 * @throws for anything else: a store would never take such a job, and its delivery would never end
 */
export function decodeJobRequest(payload: Buffer): JobRequest {
  const end = payload.indexOf(0x0a)
  // An error of JSON.parse would show a part of it in the log.
  const head = parseJson(payload.toString('utf8', 0, end)) as Omit<JobRequest, 'body'>
  const { id, owner, acceptedAtMs }: Partial<AcceptedJob> = head?.job ?? {}
  const isJob = typeof id === 'string' && typeof owner === 'string'
  if (!isJob || !Number.isSafeInteger(acceptedAtMs)) throw new TypeError('this is no job')
  return { ...head, body: payload.subarray(end + 1) }
}
