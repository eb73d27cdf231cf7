import type { GatewaySettings } from '../config/gateway-settings.ts'
import { errorCode } from '../contract/error-code.ts'
import { type Jobs, openJobs } from '../jobs/open-jobs.ts'
import { jobRecord } from '../record/job-record.ts'
import { openJobMetrics } from '../record/metrics/job-metrics.ts'
import type { Recorder } from '../record/recorder.ts'
import type { LastingParts } from './lasting-parts.ts'
import { openJobBackend } from './open-job-backend.ts'
import { tellOnce } from './tell-once.ts'

/** The parts of the process that jobs use. */
export type JobsPartServices = Pick<LastingParts, 'log' | 'metrics' | 'tracing'> & {
  readonly recorder: Pick<Recorder, 'recordEnd'>
}

/** Error codes of what the log already says: that RabbitMQ or Redis is away. */
const told: ReadonlySet<string> = new Set(['BROKER_AWAY', 'REDIS_AWAY'])

/**
 * Opens the jobs of the process, if the configuration has any.
 * @throws when their file or broker cannot be opened
 */
export async function openJobsPart(
  { jobs: settings, store }: Pick<GatewaySettings, 'jobs' | 'store'>,
  { log, metrics, recorder, tracing }: JobsPartServices,
): Promise<Jobs | undefined> {
  if (settings === undefined) return undefined
  const onFault = tellOnce(
    (error) => {
      // It is a fault all the same, so that an outage does not look as if it were over.
      if (told.has(errorCode(error))) return
      log.error({ err: error }, 'a job could not be stored, delivered or carried out')
    },
    { onEnd: () => log.info('no job has had a fault for a minute') },
  )
  const backend = await openJobBackend({ jobs: settings, store }, log, onFault)
  const depth = async () => {
    // Nothing is put into it any more, though a file that was moved can still be read.
    if (backend.isLost?.()) throw new Error('the file of jobs is lost')
    return backend.jobs.depth()
  }
  const counts = openJobMetrics(metrics.registry, depth, Date.now)
  return openJobs(backend, settings, {
    clock: Date.now,
    random: Math.random,
    onFault,
    recordEnd: (job, run) => {
      const record = jobRecord(job, run?.occasion.upstream, Date.now())
      tracing?.observeJob(record, job, run)
      return recorder.recordEnd(record)
    },
    countAccepted: counts.accepted,
    countAttempt: counts.attempted,
    countEnd: ({ owner, state }) => counts.ended(owner, state),
  })
}
