import type { Deferral, JobAsk } from '../contract/deferral.ts'
import { fillableBy } from '../contract/fair-share.ts'
import { oneAtATime } from '../contract/one-at-a-time.ts'
import type { WholeAnswer } from '../contract/whole-answer.ts'
import { type Rejection, reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { acceptJob } from './accept-job.ts'
import type { Job } from './job.ts'
import { BackendError, type JobBackend, type OnJobEnd } from './job-backend.ts'
import type { JobEnvironment } from './job-environment.ts'
import { ownJobs } from './own-jobs.ts'
import { patientStore } from './patient-store.ts'
import { prepareJobHandler } from './run-job.ts'

/** Accepts jobs, carries them out, and shows them. */
export interface Jobs {
  readonly backend: JobBackend
  /** Makes a job of a request. */
  readonly accept: (request: RequestContext, deferral: Deferral) => Promise<WholeAnswer | Rejection>
  /** Answers a request about a job of its integration. */
  readonly answer: (request: RequestContext, asked: JobAsk) => Promise<WholeAnswer | Rejection>
  /** Starts to carry out jobs; to be called once. */
  readonly start: (parts: Pick<JobEnvironment, 'senderOf' | 'onEnd'>) => void
  /** Begins no more jobs, and waits up to `deadlineMs` for those under way. */
  readonly stop: (deadlineMs: number) => Promise<void>
  /** Closes the backend; to be called after {@link stop}. */
  readonly close: () => Promise<void>
}

/** How jobs are carried out. */
export interface JobsSettings extends Pick<JobEnvironment, 'retry'> {
  readonly concurrency: number
  readonly maxWaiting: number
}

/** What jobs need of the process. */
export type JobsServices = Pick<
  JobEnvironment,
  'clock' | 'random' | 'recordEnd' | 'countAttempt' | 'onFault'
> & {
  readonly countAccepted: (owner: string) => void
  readonly countEnd: (job: Job) => void
}

/** How often the number of waiting jobs is read, milliseconds. */
const depthMs = 1_000

/** Opens the jobs that a backend stores. */
export function openJobs(
  backend: JobBackend,
  { concurrency, maxWaiting, retry }: JobsSettings,
  services: JobsServices,
): Jobs {
  const { clock, onFault } = services
  let waiting = 0
  let waitingOf: Map<string, number> | undefined
  let tell: OnJobEnd = async () => undefined
  let isStopped = false
  const look = oneAtATime(() =>
    backend.jobs.depth().then(
      (depth) => {
        waiting = depth.waiting
        waitingOf = depth.waitingOf && new Map(depth.waitingOf)
      },
      // With RabbitMQ it takes a while, and fails if the connection is closed meanwhile.
      (error) => isStopped || onFault(error),
    ),
  )
  const timer = setInterval(look, depthMs).unref()

  const accept: Jobs['accept'] = async (request, deferral) => {
    const { verified: owner = '' } = request
    const owned = waitingOf?.get(owner) ?? 0
    if (waiting >= fillableBy(owned, maxWaiting)) {
      return reject('jobs-unavailable', 'too many jobs wait', { retryAfterSeconds: 30 })
    }
    waiting += 1
    waitingOf?.set(owner, owned + 1)
    const answer = await acceptJob(request, deferral, backend, clock(), onFault)
    if (!('code' in answer)) services.countAccepted(owner)
    return answer
  }

  const own = ownJobs(backend, {
    tell: (job) => tell(job),
    note: async (job) => {
      services.countEnd(job)
      await services.recordEnd(job, undefined)
    },
  })

  return {
    backend,
    accept,
    answer: async ({ verified: owner = '' }, { kind, id }) => {
      try {
        return await own[kind]({ id, owner }, clock())
      } catch (error) {
        if (!(error instanceof BackendError)) throw error
        const detail = unanswered[kind]
        return reject('jobs-unavailable', `the jobs cannot be read: ${error.code}`, {
          detail,
          retryAfterSeconds: 5,
        })
      }
    },
    start: ({ senderOf, onEnd }) => {
      tell = onEnd
      const handle = prepareJobHandler({
        ...services,
        store: patientStore(backend.store, onFault),
        retry,
        senderOf,
        onEnd: async (job) => {
          await onEnd(job)
          services.countEnd(job)
        },
      })
      backend.jobs.consume(handle, { concurrency })
      void look()
    },
    stop: async (deadlineMs) => {
      isStopped = true
      clearInterval(timer)
      await backend.jobs.close(deadlineMs)
    },
    close: () => backend.close(),
  }
}

/** What owners are told of a job that they ask about while it cannot be read. */
const unanswered = {
  show: 'The job cannot be shown right now.',
  cancel: 'It is not known whether the job has been cancelled. The same request will tell.',
} as const
