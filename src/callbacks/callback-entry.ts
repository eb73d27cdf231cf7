import type { QueueEntry } from '../jobs/durable-queue.ts'
import type { Job } from '../jobs/job.ts'
import { callbackPayload } from './callback-payload.ts'

/** A call-back as it lies in its queue. */
export interface StoredCallback {
  readonly jobId: string
  /** Of the request that the job came with. */
  readonly requestId: string
  readonly traceId: string
  /** W3C Trace Context trace flags, two hex digits. */
  readonly traceFlags: string
  readonly route: string
  /** What is posted, byte for byte the same each time. */
  readonly payload: string
  /** How often it was sent. */
  readonly sendings: number
}

/**
 * The `webhook-id` of the call-back of a job's end, and its id in the queue: always the same for the same end.
 * A job that was put back ends once more, which is another message.
 */
export function callbackId({ id, endedAtMs = 0 }: Pick<Job, 'id' | 'endedAtMs'>): string {
  return `${callbackPrefix(id)}${endedAtMs}`
}

/** What the ids of all call-backs of a job begin with. */
export function callbackPrefix(jobId: string): string {
  return `msg_${jobId}_`
}

/**
 * The call-back of a job that is over, to be put into the queue of call-backs.
 * @param nowMs milliseconds since the epoch
 */
export function callbackEntry(job: Job, nowMs: number, giveUpAfterMs: number): QueueEntry {
  const { id: jobId, owner, requestId, traceId, traceFlags, route } = job
  return {
    id: callbackId(job),
    owner,
    payload: writeCallback({
      jobId,
      requestId,
      traceId,
      traceFlags,
      route,
      payload: callbackPayload(job),
      sendings: 0,
    }),
    expiresAtMs: nowMs + giveUpAfterMs,
  }
}

/** Writes a call-back as a queue keeps it. */
export function writeCallback(callback: StoredCallback): Buffer {
  return Buffer.from(JSON.stringify(callback))
}

/** Reads what {@link writeCallback} wrote. */
export function readCallback(bytes: Buffer): StoredCallback {
  return JSON.parse(bytes.toString()) as StoredCallback
}
