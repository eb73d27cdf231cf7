import type { ItemResult } from '../contract/endpoint.ts'
import type { ProblemCode } from '../problem.ts'

/**
 * The state of a job. `waiting`: accepted, or between two attempts. `running`: an attempt is under way, or
 * Magento's own queue has it. The final states are `done`; `partial`, when some of its items are done and others
 * are not; `failed`, when nothing of it is known to be done; and `cancelled`.
 */
export type JobState = (typeof jobStates)[number]

/** All states of jobs. */
export const jobStates = ['waiting', 'running', 'done', 'partial', 'failed', 'cancelled'] as const

/** Whether a state is final. */
export function isOver(state: JobState): boolean {
  return state !== 'waiting' && state !== 'running'
}

/** Whether a value is a time in milliseconds since the epoch that `Date` can show. */
export function isEpochMs(value: unknown): value is number {
  return Number.isSafeInteger(value) && !Number.isNaN(new Date(value as number).getTime())
}

/** How far a job with many items is. */
export interface JobProgress {
  readonly total: number
  /** How many of these have a result, failed ones included. */
  readonly done: number
  readonly failed: number
}

/** The result of one item of a job. What stores jobs takes it from here, and knows nothing of endpoints. */
export type JobItemResult = ItemResult

/** What answered a job: Magento, or an endpoint of the gateway's own. */
export interface JobAnswer {
  readonly status: number
  readonly contentType: string
  /** Absent if it was too long to be kept. */
  readonly body?: Buffer | undefined
}

/** Why a job ended without an answer, in words for the caller. */
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

/** A change of a job. Members that are absent stay as they are, members that are undefined are removed. */
export interface JobChange {
  readonly state?: JobState
  /** Set when a dead job is put back; milliseconds since the epoch. */
  readonly expiresAtMs?: number
  /** How many times it was sent. */
  readonly attempts?: number
  /** Set while it waits between two attempts; milliseconds since the epoch. */
  readonly nextAttemptAtMs?: number | undefined
  readonly startedAtMs?: number
  readonly endedAtMs?: number | undefined
  /** Set while it is being cancelled; milliseconds since the epoch. */
  readonly cancelAskedAtMs?: number | undefined
  readonly progress?: JobProgress | undefined
  readonly answer?: JobAnswer | undefined
  readonly failure?: JobFailure | undefined
}

/** A job and its state. */
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
 * Shows callers and operators the state of jobs. All that is needed to carry out a job is in the queue, so a store
 * that loses data (Redis) loses what is shown of a job and never the job itself. Jobs that are over are kept for a
 * configured time.
 */
export interface JobStore {
  /** Resolves when every process can read the job. One that is there already stays as it is. */
  readonly add: (job: AcceptedJob) => Promise<void>
  readonly get: (id: string) => Promise<Job | undefined>
  /** Changes a job, if it is there. Changes of one job are made in the order of the calls. */
  readonly change: (id: string, change: JobChange) => Promise<void>
  /**
   * Stores results of some items, and replaces earlier results of these.
   * @param from index of the first of them
   */
  readonly putResults: (
    id: string,
    from: number,
    results: readonly JobItemResult[],
  ) => Promise<void>
  /** The results so far, in the order of the items; items without a result are left out. */
  readonly results: (id: string) => Promise<readonly JobItemResult[]>
  /** Jobs, the most recently accepted first. */
  readonly list: (query: JobQuery) => Promise<readonly Job[]>
}
