import { nextSending } from '../contract/retry-schedule.ts'
import type { Occasion } from '../forward/upstream-exchange.ts'
import { problems } from '../problem.ts'
import { type AttemptResult, attempt } from './attempt.ts'
import type { Delivery, HandleDelivery, Settlement } from './durable-queue.ts'
import { followBulk } from './follow-bulk.ts'
import {
  type AcceptedJob,
  isOver,
  type Job,
  type JobChange,
  type JobFailure,
  type JobState,
} from './job.ts'
import { decodeJobRequest, encodeJobRequest, type JobRequest } from './job-payload.ts'
import type { JobRun, JobSender, JobWorld } from './job-world.ts'
import { canBePutBack } from './judge-answer.ts'
import { stateOfBrokenOff } from './magento-bulk.ts'
import { cancelledAt } from './take-back.ts'

/** Prepares what carries out the jobs that a queue delivers, each as often as it may be and no more. */
export function prepareJobHandler(world: JobWorld): HandleDelivery {
  const { store, clock } = world

  return async (delivery) => {
    const request = decodeJobRequest(delivery.payload)
    const { job, cancelledAtMs } = request
    const known = await store.get(job.id)
    if (cancelledAtMs !== undefined) return tellCancelled(known ?? job, cancelledAtMs)
    // One that was put back has another time than it was accepted with.
    if (known === undefined) await store.add({ ...job, expiresAtMs: delivery.expiresAtMs })
    // It was over, and the process was killed before that was settled.
    else if (isOver(known.state)) return settleEnd(known, undefined)
    if (clock() >= delivery.expiresAtMs) return end(request, known, { failure: expired(request) })
    const isTaken = request.bulkUuid !== undefined
    if (delivery.isInterrupted && !request.isRepeatable && !isTaken) {
      return end(request, known, { failure: interrupted })
    }
    const sender = world.senderOf(request.job.owner)
    if (sender === undefined) return later(delivery, request, 'no such integration', true)
    try {
      return await carryOut(delivery, request, known, sender)
    } finally {
      sender.leave()
    }
  }

  async function carryOut(
    delivery: Delivery,
    request: JobRequest,
    known: Job | undefined,
    sender: JobSender,
  ): Promise<Settlement> {
    const occasion = occasionOf(request)
    const isPoll = request.bulkUuid !== undefined
    const attempts = (known?.attempts ?? 0) + (isPoll ? 0 : 1)
    const beganAtMs = clock()
    const run = { beganAtMs, isPoll, occasion }
    const startedAtMs = known?.startedAtMs ?? beganAtMs
    note(request, { state: 'running', attempts, startedAtMs, nextAttemptAtMs: undefined })
    const sent = isPoll
      ? followBulk(request, occasion, sender, world)
      : attempt(request, occasion, sender, world)
    const result = await sent.catch((error: unknown): AttemptResult => {
      world.onFault(error)
      return defect
    })
    if (!isPoll) world.countAttempt(request.job.owner, result.judgement)
    return conclude(delivery, request, known, result, run)
  }

  /** Decides what a result means for the job. */
  async function conclude(
    delivery: Delivery,
    request: JobRequest,
    known: Job | undefined,
    result: AttemptResult,
    run: JobRun,
  ): Promise<Settlement> {
    const { judgement, answer, failure, retryAfterMs } = result
    if (judgement === 'taken') {
      const { bulk } = result
      const { bulkUuid, refused } = bulk ?? request
      const payload = bulk && encodeJobRequest({ ...request, bulkUuid, refused })
      note(request, { state: 'running' })
      return retryAt(delivery, 'Magento has not carried it out yet', false, retryAfterMs, payload)
    }
    const isUnknown = judgement === 'unknown'
    if (judgement === 'nothing-done' || (isUnknown && request.isRepeatable)) {
      const isUntouched = !isUnknown && !result.hasItems
      const reason = failure?.code ?? `status ${answer?.status}`
      return later(delivery, request, reason, isUntouched, retryAfterMs)
    }
    const state = result.state ?? (judgement === 'done' ? 'done' : undefined)
    const isDead = isUnknown || judgement === 'unauthorized'
    const told =
      failure ?? (isDead ? { code: 'upstream-error' as const, detail: deadDetail } : undefined)
    return end(request, known, { state, answer, failure: told }, run)
  }

  /** Tries again later. */
  function later(
    delivery: Delivery,
    request: JobRequest,
    reason: string,
    isUntouched: boolean,
    retryAfterMs?: number,
  ): Settlement {
    const settlement = retryAt(delivery, reason, isUntouched, retryAfterMs)
    note(request, { state: 'waiting', nextAttemptAtMs: settlement.atMs })
    return settlement
  }

  function retryAt(
    { attempts, expiresAtMs }: Delivery,
    reason: string,
    isUntouched: boolean,
    retryAfterMs?: number,
    payload?: Buffer,
  ): Settlement & { readonly state: 'retry' } {
    const failed = { sendings: attempts, nowMs: clock(), expiresAtMs, retryAfterMs }
    const atMs = nextSending(world.retry, failed, world.random())
    return {
      state: 'retry',
      // Where the next attempt would come too late, its end is told in its time.
      atMs: atMs ?? expiresAtMs,
      reason,
      isUntouched,
      ...(payload !== undefined && { payload }),
    }
  }

  async function end(
    request: JobRequest,
    known: Job | undefined,
    { state, answer, failure }: JobEnd,
    run?: JobRun,
  ): Promise<Settlement> {
    const { job } = request
    const change = {
      state: state ?? stateOfBrokenOff(await store.results(job.id)),
      endedAtMs: clock(),
      nextAttemptAtMs: undefined,
      answer,
      failure,
    }
    await store.change(job.id, change)
    // A store that forgets has forgotten the view, and not the job.
    const ended = (await store.get(job.id)) ?? { ...job, attempts: 0, ...known, ...change }
    return settleEnd(ended, run)
  }

  /** Ends what was taken out of the queue by a command, which may have been killed before that was shown. */
  async function tellCancelled(job: AcceptedJob, atMs: number): Promise<Settlement> {
    const end = cancelledAt(atMs)
    await store.change(job.id, end)
    return settleEnd({ attempts: 0, ...job, ...end }, undefined)
  }

  async function settleEnd(job: Job, run: JobRun | undefined): Promise<Settlement> {
    try {
      await world.onEnd(job)
    } catch (error) {
      world.onFault(error)
      const atMs = clock() + world.retry.firstMs
      return { state: 'retry', atMs, reason: 'its end could not be told', isUntouched: false }
    }
    await world.recordEnd(job, run)
    // Who repairs the cause can put it back.
    return job.failure !== undefined && canBePutBack(job.failure)
      ? { state: 'dead', reason: job.failure.code }
      : { state: 'done' }
  }

  /** Keeps the view up to date; nothing waits for it, and what follows comes after it. */
  function note({ job }: JobRequest, change: JobChange): void {
    store.change(job.id, change).catch(world.onFault)
  }
}

interface JobEnd {
  /** Absent where it was not carried out to its end. */
  readonly state?: JobState | undefined
  readonly answer?: Job['answer']
  readonly failure?: JobFailure | undefined
}

/** It would come upon it again, whatever had been done before. */
const defect: AttemptResult = {
  judgement: 'refused',
  failure: { code: 'internal-error', detail: problems['internal-error'][2] },
}

const deadDetail = 'Magento does not take it from this integration; it can be tried again.'

const interrupted: JobFailure = {
  code: 'interrupted',
  detail: 'The gateway was cut off while it was sent. Whether Magento carried it out is not known.',
}

function expired({ bulkUuid }: JobRequest): JobFailure {
  const detail =
    bulkUuid === undefined
      ? 'It could not be carried out in the time that it had.'
      : 'Magento has taken it, and has not said in time what became of it.'
  return { code: 'expired', detail }
}

function occasionOf({ job, clientIp }: JobRequest): Occasion {
  const { requestId, traceId, traceFlags, owner: verified } = job
  const header = () => undefined
  return { verified, requestId, traceId, traceFlags, clientIp, header, upstream: undefined }
}
