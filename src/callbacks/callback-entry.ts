import type { QueueEntry } from '../jobs/durable-queue.ts'
import type { Job } from '../jobs/job.ts'
import { parseJson } from '../syntax/parse-json.ts'
import { callbackPayload } from './callback-payload.ts'

/** A call-back as it is stored in its queue. */
export interface StoredCallback
  extends Pick<Job, 'requestId' | 'traceId' | 'traceFlags' | 'route'> {
  readonly jobId: string
  /** What is posted; byte for byte the same each time. */
  readonly payload: string
  /** How often it was sent. */
  readonly sendings: number
}

/**
 * The `webhook-id` of the call-back about the end of a job, and its id in the queue; always the same for the same end.
 * A job that is put back ends once more, which makes another call-back.
 */
export function callbackId({ id, endedAtMs = 0 }: Pick<Job, 'id' | 'endedAtMs'>): string {
  return `${callbackPrefix(id)}${endedAtMs}`
}

/** The beginning of the ids of all call-backs of a job. */
export function callbackPrefix(jobId: string): string {
  return `msg_${jobId}_`
}

/** The job of a call-back by its `webhook-id`; any other id is given back as it is. */
export function jobOfCallback(id: string): string {
  return /^msg_(.+)_\d+$/.exec(id)?.[1] ?? id
}

/**
 * The queue entry for the call-back of a job that is over.
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

/**
 * Reads what {@link writeCallback} wrote.
 * @throws for anything else, which would be tried until it expires and never be sent
 */
export function readCallback(bytes: Buffer): StoredCallback {
  // An error of JSON.parse would show a part of it in the log.
  const stored = parseJson(bytes.toString()) as StoredCallback | null | undefined
  const isCallback = typeof stored?.payload === 'string' && Number.isSafeInteger(stored.sendings)
  if (!isCallback) throw new TypeError('this is no call-back')
  return stored
}
