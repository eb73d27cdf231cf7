import type { ItemLog } from '../contract/endpoint.ts'
import type { RetrySettings } from '../contract/retry-schedule.ts'
import type { WholeAnswer } from '../contract/whole-answer.ts'
import type { Occasion, UpstreamRequest } from '../forward/upstream-request.ts'
import type { Rejection } from '../problem.ts'
import type { Job, JobStore } from './job.ts'
import type { OnJobEnd } from './job-backend.ts'
import type { JobRequest } from './job-payload.ts'
import type { AttemptJudgement } from './judge-answer.ts'

/** Sends the jobs of one integration as its requests are sent, with its credentials. */
export interface JobSender {
  readonly send: (occasion: Occasion, request: UpstreamRequest) => Promise<WholeAnswer | Rejection>
  /** Has one of the gateway's own endpoints answer the request. */
  readonly compose: (
    occasion: Occasion,
    request: JobRequest,
    items: ItemLog,
  ) => Promise<WholeAnswer | Rejection>
  /** Drops from the cache what Magento has changed in carrying the request out by its own queue. */
  readonly dropCarriedOut: (request: JobRequest) => Promise<void>
  /** To be called when the sender is no longer needed. */
  readonly leave: () => void
}

/** The attempt that ended a job. */
export interface JobRun {
  /** Milliseconds since the epoch. */
  readonly beganAtMs: number
  /** Whether Magento was only asked how far it is with a bulk that it had accepted. */
  readonly isPoll: boolean
  readonly occasion: Pick<Occasion, 'upstream'>
}

/** Everything that carrying out jobs needs besides the jobs themselves. */
export interface JobEnvironment {
  readonly store: JobStore
  readonly retry: RetrySettings
  /** Undefined if the integration is not configured at present. */
  readonly senderOf: (owner: string) => JobSender | undefined
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  /** At least 0 and below 1. */
  readonly random: () => number
  readonly onEnd: OnJobEnd
  /**
   * Records the end of a job; resolves when it is in the audit trail, or cannot be.
   * @param run undefined if no attempt ended the job, or that attempt is no longer known
   */
  readonly recordEnd: (job: Job, run: JobRun | undefined) => Promise<void>
  readonly countAttempt: (owner: string, outcome: AttemptJudgement | 'taken') => void
  /** Told when the state of a job could not be stored; the job itself goes on. */
  readonly onFault: (error: unknown) => void
}
