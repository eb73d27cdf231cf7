import { cancelNotice } from '../../jobs/cancel-notice.ts'
import { isOver } from '../../jobs/job.ts'
import { takeBack } from '../../jobs/take-back.ts'
import { fail, jobArguments, print, withJobs } from './with-jobs.ts'

/**
 * `jobs cancel ID --config DIR`: cancels a job that has not begun, as its owner could. The running gateway, or the next
 * one to run, records that and tells the owner.
 */
export function main(args: string[]): Promise<number> {
  const { id, config } = jobArguments(args)
  return withJobs(config, async ({ backend }) => {
    const { store, jobs } = backend
    const job = await store.get(id)
    if (job === undefined) return fail(`there is no job ${id}`)
    if (isOver(job.state)) return fail(`job ${id} cannot be cancelled: it is ${job.state}`)
    const tell = (cancelled: typeof job) => jobs.put(cancelNotice(cancelled))
    const cancelled = await takeBack(job, backend, tell, Date.now())
    if (cancelled === undefined) return fail(`job ${id} cannot be cancelled: it has begun`)
    print(`${id} is cancelled`)
    return 0
  })
}
