import { randomUUID } from 'node:crypto'
import {
  acceptanceHeaders,
  type Deferral,
  jobPath,
  unknownAcceptance,
} from '../contract/deferral.ts'
import type { WholeAnswer } from '../contract/whole-answer.ts'
import { keptHeaders } from '../forward/request-headers.ts'
import { type Rejection, reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { type AcceptedJob, isOver } from './job.ts'
import { BackendError, type JobBackend } from './job-backend.ts'
import { encodeJobRequest, type JobRequest } from './job-payload.ts'
import { cancelledAt } from './take-back.ts'

/**
 * Makes a job of a request that every policy has let through, and resolves with the answer once the job is
 * stored durably.
 * @param nowMs milliseconds since the epoch
 * @param onFault told of why it could not be stored
 */
export async function acceptJob(
  request: RequestContext,
  deferral: Deferral,
  { store, jobs }: JobBackend,
  nowMs: number,
  onFault: (error: unknown) => void,
): Promise<WholeAnswer | Rejection> {
  const id = randomUUID()
  const job = acceptedJob(request, deferral, id, nowMs)
  const { orderKey } = deferral
  const entry = {
    id,
    owner: job.owner,
    orderKey,
    payload: encodeJobRequest(jobRequest(request, deferral, job)),
    expiresAtMs: job.expiresAtMs,
  }
  // Already now, for the record of a request whose caller leaves meanwhile.
  request.jobId = id
  try {
    // Both at once. If the job is delivered before the store has it, the handler adds it to the store.
    await Promise.all([store.add(job), jobs.put(entry)])
  } catch (error) {
    // The entry may be in the queue all the same. If it cannot be taken back it will be carried out, so the job
    // counts as accepted.
    const outcome = await withdraw(id, { store, jobs }).catch(() => 'unknown')
    if (outcome !== 'begun') {
      if (outcome !== 'unknown') {
        request.jobId = undefined
        // The store may have it, and would show it as waiting for as long as it is kept.
        await store.change(id, cancelledAt(nowMs)).catch(onFault)
      }
      if (!(error instanceof BackendError)) throw error
      onFault(error)
      return reject('jobs-unavailable', `the job could not be kept: ${error.code}`, {
        retryAfterSeconds: 5,
        ...(outcome === 'unknown' && { detail: unknownAcceptance }),
      })
    }
  }
  const location = jobPath(request.target.store, id)
  request.answerHeaders.push(...acceptanceHeaders(location, deferral))
  return {
    status: 202,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify({ jobId: id, state: 'waiting', location })),
  }
}

/** Takes a job back unless it has begun, and may even have ended. */
async function withdraw(id: string, { store, jobs }: Pick<JobBackend, 'store' | 'jobs'>) {
  const outcome = await jobs.cancel(id)
  if (outcome !== 'absent') return outcome
  // The queue does not know what it never had, nor what is done.
  const job = await store.get(id)
  return job !== undefined && isOver(job.state) ? 'begun' : outcome
}

function acceptedJob(
  { verified = '', requestId, traceId, traceFlags, method, route = '' }: RequestContext,
  { lifeMs }: Deferral,
  id: string,
  nowMs: number,
): AcceptedJob {
  const expiresAtMs = nowMs + lifeMs
  return {
    id,
    owner: verified,
    requestId,
    traceId,
    traceFlags,
    method,
    route,
    acceptedAtMs: nowMs,
    expiresAtMs,
  }
}

function jobRequest(
  request: RequestContext,
  { engine, isRepeatable }: Deferral,
  job: AcceptedJob,
): JobRequest {
  const { target, clientIp, body, endpoint } = request
  return {
    job,
    ...target,
    headers: keptHeaders(request),
    clientIp,
    engine,
    isRepeatable,
    isComposed: endpoint !== undefined,
    body,
  }
}
