import type { QueueEntry } from './durable-queue.ts'
import type { Job } from './job.ts'
import { encodeJobRequest } from './job-payload.ts'

/**
 * What a command puts into the queue of jobs after it has taken a job out of it. A gateway gets it, records the end
 * of the job, and has its owner told.
 * @param cancelled the job as it then is
 */
export function cancelNotice(cancelled: Job): QueueEntry {
  const { id, owner, requestId, traceId, traceFlags, method, route } = cancelled
  const { acceptedAtMs, expiresAtMs } = cancelled
  return {
    // Another id than that of the job: a broker may still have the job's message, which must not be carried out.
    id: `cancelled-${id}`,
    owner,
    expiresAtMs,
    payload: encodeJobRequest({
      job: { id, owner, requestId, traceId, traceFlags, method, route, acceptedAtMs, expiresAtMs },
      cancelledAtMs: cancelled.endedAtMs,
      path: '',
      segments: [],
      query: undefined,
      store: undefined,
      headers: [],
      clientIp: undefined,
      engine: 'gateway',
      isRepeatable: false,
      isComposed: false,
      body: Buffer.alloc(0),
    }),
  }
}
