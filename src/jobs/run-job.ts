import { nextSending } from '../contract/retry-schedule.ts'
import type { Occasion } from '../forward/upstream-request.ts'
import { problems } from '../problem.ts'
import { type AttemptResult, attempt } from './attempt.ts'
import type { Delivery, HandleDelivery, Settlement } from './durable-queue.ts'
import { followBulk } from './follow-bulk.ts'
import { stateOfBrokenOff } from './item-results.ts'
import { type AcceptedJob, isOver, type Job, type JobFailure, type JobState } from './job.ts'
import type { JobEnvironment, JobRun, JobSender } from './job-environment.ts'
import { decodeJobRequest, encodeJobRequest, type JobRequest } from './job-payload.ts'
import { canBePutBack } from './judge-answer.ts'
import type { TakenBulk } from './magento-bulk.ts'
import { cancelledAt } from './take-back.ts'

/** A delivery of a job, and what the store knows of the job. */
interface Task {
  readonly delivery: Delivery
  readonly request: JobRequest
  /** Undefined if the store does not know the job, or has forgotten it. */
  readonly known: Job | undefined
}

/** Prepares what carries out the jobs that a queue delivers, each as often as it may be and not more often. */
export function prepareJobHandler(environment: JobEnvironment): HandleDelivery {
  const { store, clock } = environment

  return async (delivery) => {
    const request = decodeJobRequest(delivery.payload)
    const { job, cancelledAtMs } = request
    const known = await store.get(job.id)
    if (cancelledAtMs !== undefined) return tellCancelled(known ?? job, cancelledAtMs)
    // A dead job that was put back expires later than it did when it was accepted.
    if (known === undefined) await store.add({ ...job, expiresAtMs: delivery.expiresAtMs })
    // It has ended, and the process was killed before it could settle that.
    else if (isOver(known.state)) return settleEnd(known, undefined)
    const task = { delivery, request, known }
    const isWithMagento = request.bulkUuid !== undefined
    // Even if it has also expired, since that would not say that it was sent.
    if (delivery.isInterrupted && !request.isRepeatable && !isWithMagento) {
      return end(task, { failure: interrupted })
    }
    if (clock() >= delivery.expiresAtMs) return end(task, { failure: expired(request) })
    const sender = environment.senderOf(job.owner)
    if (sender === undefined) {
      return later(task, { reason: 'no such integration', isUntouched: true })
    }
    try {
      return await carryOut(task, sender)
    } finally {
      sender.leave()
    }
  }

  async function carryOut(task: Task, sender: JobSender): Promise<Settlement> {
    const { request, known } = task
    const occasion = occasionOf(request)
    const isPoll = request.bulkUuid !== undefined
    const attempts = (known?.attempts ?? 0) + (isPoll ? 0 : 1)
    const beganAtMs = clock()
    const startedAtMs = known?.startedAtMs ?? beganAtMs
    const begun = { state: 'running', attempts, startedAtMs, nextAttemptAtMs: undefined } as const
    // Nothing waits for it: the store keeps the order of changes.
    store.change(request.job.id, begun).catch(environment.onFault)
    const sent = isPoll
      ? followBulk(request, occasion, sender, store)
      : attempt(request, occasion, sender, store)
    const result = await sent.catch((error: unknown): AttemptResult => {
      environment.onFault(error)
      return defect
    })
    if (!isPoll) environment.countAttempt(request.job.owner, result.judgement)
    return conclude(task, result, { beganAtMs, isPoll, occasion })
  }

  /** Decides what a result means for the job. */
  async function conclude(task: Task, result: AttemptResult, run: JobRun): Promise<Settlement> {
    const { delivery, request } = task
    const { judgement, answer, failure, retryAfterMs } = result
    // Another process may have taken it over and ended it while this one was suspended. An end from before is shown where
    // Redis has lost, in a failover, that the job was put back.
    const now = await store.get(request.job.id)
    if (now?.endedAtMs !== undefined && now.endedAtMs >= run.beganAtMs) {
      return settleEnd(now, undefined)
    }
    if (judgement === 'taken') {
      const { bulk } = result
      const payload = bulk && encodeJobRequest({ ...request, ...ofBulk(bulk) })
      const reason = 'Magento has not carried it out yet'
      return retryOf(delivery, { reason, isUntouched: false, retryAfterMs, payload })
    }
    const isUnknown = judgement === 'unknown'
    if (judgement === 'nothing-done' || (isUnknown && request.isRepeatable)) {
      const isUntouched = !isUnknown && !result.hasItems
      const reason = failure?.code ?? `status ${answer?.status}`
      return later(task, { reason, isUntouched, retryAfterMs })
    }
    const state = result.state ?? (judgement === 'done' ? 'done' : undefined)
    const isDead = isUnknown || judgement === 'unauthorized'
    const told =
      failure ?? (isDead ? { code: 'upstream-error' as const, detail: deadDetail } : undefined)
    return end(task, { state, answer, failure: told }, run)
  }

  /**
   * Tries again later. It is shown as waiting first: once the delivery is settled, the job can be cancelled, and would be
   * shown as waiting after that.
   */
  async function later({ delivery, request }: Task, retry: Retry): Promise<Settlement> {
    const settlement = retryOf(delivery, retry)
    const { atMs: nextAttemptAtMs } = settlement
    await store.change(request.job.id, { state: 'waiting', nextAttemptAtMs })
    return settlement
  }

  function retryOf(
    { attempts, expiresAtMs }: Delivery,
    { reason, isUntouched, retryAfterMs, payload }: Retry,
  ): Settlement & { readonly state: 'retry' } {
    const failed = { sendings: attempts, nowMs: clock(), expiresAtMs, retryAfterMs }
    const atMs = nextSending(environment.retry, failed, environment.random())
    return {
      state: 'retry',
      // Where no time is left, the job is delivered once more to end it as expired.
      atMs: atMs ?? expiresAtMs,
      reason,
      isUntouched,
      ...(payload !== undefined && { payload }),
    }
  }

  async function end(
    { request, known }: Task,
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
    // If the store has forgotten the job, it is made anew from what the queue has.
    const ended = (await store.get(job.id)) ?? { ...job, attempts: 0, ...known, ...change }
    return settleEnd(ended, run)
  }

  /** Ends a job that a command took out of the queue; the command may have been killed before it could show that. */
  async function tellCancelled(job: AcceptedJob, atMs: number): Promise<Settlement> {
    const end = cancelledAt(atMs)
    await store.change(job.id, end)
    return settleEnd({ attempts: 0, ...job, ...end }, undefined)
  }

  async function settleEnd(job: Job, run: JobRun | undefined): Promise<Settlement> {
    try {
      await environment.onEnd(job)
    } catch (error) {
      environment.onFault(error)
      const atMs = clock() + environment.retry.firstMs
      return {
        state: 'retry',
        atMs,
        reason: 'the end of the job could not be announced',
        isUntouched: false,
      }
    }
    await environment.recordEnd(job, run)
    // Whoever repairs the cause can put the job back.
    return job.failure !== undefined && canBePutBack(job.failure)
      ? { state: 'dead', reason: job.failure.code }
      : { state: 'done' }
  }
}

/** Why, and with what, a job is delivered again. */
interface Retry {
  readonly reason: string
  /** Whether it is certain that nothing of it has been carried out, so that it can still be cancelled. */
  readonly isUntouched: boolean
  /** How long Magento asks not to be sent to, milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** Replaces the payload of the entry; left out to keep it. */
  readonly payload?: Buffer | undefined
}

interface JobEnd {
  /** Left out if it did not end by itself; the results of its items then decide. */
  readonly state?: JobState | undefined
  readonly answer?: Job['answer']
  readonly failure?: JobFailure | undefined
}

/** A defect of the gateway ends a job, since another attempt would meet it again. */
const defect: AttemptResult = {
  judgement: 'refused',
  failure: { code: 'internal-error', detail: problems['internal-error'][2] },
}

const deadDetail = 'Magento does not accept the job from this integration; it can be tried again.'

const interrupted: JobFailure = {
  code: 'interrupted',
  detail:
    'The gateway was interrupted while it sent the job. It is not known whether Magento carried it out.',
}

function expired({ bulkUuid }: JobRequest): JobFailure {
  const detail =
    bulkUuid === undefined
      ? 'The job expired before it was known to have been carried out.'
      : 'Magento accepted the job, but did not say in time how it ended.'
  return { code: 'expired', detail }
}

function ofBulk({ bulkUuid, refused, total: bulkTotal }: TakenBulk) {
  return { bulkUuid, refused, bulkTotal }
}

function occasionOf({ job, clientIp }: JobRequest): Occasion {
  const { requestId, traceId, traceFlags, owner: verified } = job
  const header = () => undefined
  return { verified, requestId, traceId, traceFlags, clientIp, header, upstream: undefined }
}
