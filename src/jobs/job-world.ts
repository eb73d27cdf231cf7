import type { ItemLog } from '../contract/endpoint.ts'
import type { RetrySettings } from '../contract/retry-schedule.ts'
import type { Occasion, UpstreamAnswer, UpstreamRequest } from '../forward/upstream-exchange.ts'
import type { Rejection } from '../problem.ts'
import type { Job, JobStore } from './job.ts'
import type { OnJobEnd } from './job-backend.ts'
import type { JobRequest } from './job-payload.ts'
import type { AttemptJudgement } from './judge-answer.ts'

/** How jobs of one integration are sent: as its requests are, with its credentials. */
export interface JobSender {
  readonly send: (
    occasion: Occasion,
    request: UpstreamRequest,
  ) => Promise<UpstreamAnswer | Rejection>
  /** Has the endpoint of the gateway's own answer that the request is for. */
  readonly compose: (
    occasion: Occasion,
    request: JobRequest,
    items: ItemLog,
  ) => Promise<UpstreamAnswer | Rejection>
  /** It is needed no more. */
  readonly leave: () => void
}

/** The attempt that ended a job. */
export interface JobRun {
  /** Milliseconds since the epoch. */
  readonly beganAtMs: number
  /** Whether Magento was only asked how far it is with what it had taken. */
  readonly isPoll: boolean
  readonly occasion: Pick<Occasion, 'upstream'>
}

/** What carrying out jobs needs of the world. */
export interface JobWorld {
  readonly store: JobStore
  readonly retry: RetrySettings
  /** Undefined where the integration is not configured at present. */
  readonly senderOf: (owner: string) => JobSender | undefined
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  /** At least 0 and below 1. */
  readonly random: () => number
  readonly onEnd: OnJobEnd
  /**
   * Resolves when the end of a job is in the audit trail, or cannot be.
   * @param run undefined where no attempt ended it, or that attempt is not known any more
   */
  readonly recordEnd: (job: Job, run: JobRun | undefined) => Promise<void>
  readonly countAttempt: (owner: string, outcome: AttemptJudgement | 'taken') => void
  /** Told where the view of a job could not be kept; the job itself goes on. */
  readonly onFault: (error: unknown) => void
}
