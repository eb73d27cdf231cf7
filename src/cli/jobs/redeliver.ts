import { type Redelivery, redeliver } from '../../callbacks/redeliver.ts'
import { fail, jobArguments, print, withJobs } from './with-jobs.ts'

const said: Readonly<Record<Redelivery, string>> = {
  'put back': 'the call-back was dead and is sent again',
  put: 'the call-back is sent again',
  'no such job': 'no such job, and no dead call-back of it',
  'nobody to call': 'its integration has no callback configured',
  'not over': 'the job is not over, so there is nothing to tell yet',
}

/**
 * `jobs redeliver ID --config DIR`: makes the running gateway, or the next one to run, send the call-back of a job
 * again.
 * @returns the exit code: 0 if it will be sent, otherwise 1
 */
export function main(args: string[]): Promise<number> {
  const { id, config } = jobArguments(args)
  return withJobs(config, async ({ backend, callbackLifeMs }) => {
    const redelivery = await redeliver(id, backend, Date.now(), callbackLifeMs)
    const line = `${id}: ${said[redelivery]}`
    if (redelivery !== 'put back' && redelivery !== 'put') return fail(line)
    print(line)
    return 0
  })
}
