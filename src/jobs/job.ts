import type { ItemResult } from '../contract/endpoint.ts'
import type { ProblemCode } from '../problem.ts'

/**
 * Where a job stands. `waiting`: accepted, or between two attempts. `running`: an attempt is under way, or
 * Magento has taken it and not yet carried it out. Then, for good: `done`; `partial`, where some of its items
 * are done and the others are not; `failed`, where nothing of it is known to be done; `cancelled`.
 */
export type JobState = (typeof jobStates)[number]

/** All of them. */
export const jobStates = ['waiting', 'running', 'done', 'partial', 'failed', 'cancelled'] as const

/** Whether a job in this state ends no more by itself. */
export function isOver(state: JobState): boolean {
  return state !== 'waiting' && state !== 'running'
}

/** How far a job with many items is. */
export interface JobProgress {
  readonly total: number
  /** Of these, those whose end is known; failed ones too. */
  readonly done: number
  readonly failed: number
}

/** What became of one item of a job. */
export type JobItemResult = ItemResult

/** What answered a job: Magento, or an endpoint of the gateway's own. */
export interface JobAnswer {
  readonly status: number
  readonly contentType: string
  /** Absent where it was too long to be kept. */
  readonly body?: Buffer | undefined
}

/** Why a job ended without an answer, as the caller may read it. */
export interface JobFailure {
  readonly code: ProblemCode | 'expired' | 'interrupted'
  readonly detail: string
}

/** What is known of a job from the start. */
export interface AcceptedJob {
  readonly id: string
  /** Name of the integration; nobody else sees the job. */
  readonly owner: string
  /** Of the request that was accepted. */
  readonly requestId: string
  readonly traceId: string
  /** W3C Trace Context trace flags, two hex digits. */
  readonly traceFlags: string
  readonly method: string
  /** The granted route pattern. */
  readonly route: string
  /** Milliseconds since the epoch. */
  readonly acceptedAtMs: number
  /** Milliseconds since the epoch: not begun after this. */
  readonly expiresAtMs: number
}

/** What changes of a job; what is absent of a change stays, what is undefined goes. */
export interface JobChange {
  readonly state?: JobState
  /** Where its time begins anew; milliseconds since the epoch. */
  readonly expiresAtMs?: number
  /** How many times it was sent. */
  readonly attempts?: number
  /** While it waits between two attempts; milliseconds since the epoch. */
  readonly nextAttemptAtMs?: number | undefined
  readonly startedAtMs?: number
  readonly endedAtMs?: number | undefined
  /** While it is being cancelled; milliseconds since the epoch. */
  readonly cancelAskedAtMs?: number | undefined
  readonly progress?: JobProgress | undefined
  readonly answer?: JobAnswer | undefined
  readonly failure?: JobFailure | undefined
}

/** A job and where it stands. */
export interface Job extends AcceptedJob, Omit<JobChange, 'expiresAtMs'> {
  readonly state: JobState
  readonly attempts: number
}

/** Which jobs are listed. */
export interface JobQuery {
  readonly owner?: string | undefined
  readonly state?: JobState | undefined
  /** Most jobs, at least 1. */
  readonly limit: number
}

/**
 * Where callers and operators see how jobs stand. What is to be done lies in the queue, whole, so a store that
 * forgets (Redis) costs the view of a job and never the job. What is over is kept for a configured time.
 */
export interface JobStore {
  /** Resolves when it can be read by any process. */
  readonly add: (job: AcceptedJob) => Promise<void>
  readonly get: (id: string) => Promise<Job | undefined>
  /** Changes a job that is there; changes of one job are in the order in which they were asked for. */
  readonly change: (id: string, change: JobChange) => Promise<void>
  /**
   * Keeps results of some items, in the place of what was there for them.
   * @param from index of the first of them
   */
  readonly putResults: (
    id: string,
    from: number,
    results: readonly JobItemResult[],
  ) => Promise<void>
  /** Results so far, in the order of the items; those that are not there yet are left out. */
  readonly results: (id: string) => Promise<readonly JobItemResult[]>
  /** Jobs, the last accepted first. */
  readonly list: (query: JobQuery) => Promise<readonly Job[]>
}
