import type { QueueEntry } from './durable-queue.ts'
import type { Job } from './job.ts'
import { encodeJobRequest } from './job-payload.ts'

/**
 * What a process that is no gateway puts into the queue of jobs in the place of one that it has taken out of it:
 * a gateway records the end of that job and has its owner told.
 * @param cancelled as it stands then
 */
export function cancelNotice(cancelled: Job): QueueEntry {
  const { id, owner, requestId, traceId, traceFlags, method, route } = cancelled
  const { acceptedAtMs, expiresAtMs } = cancelled
  return {
    // Not that of the job: a broker may still have its message, which must not be carried out.
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
