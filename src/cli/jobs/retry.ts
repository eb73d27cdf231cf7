import type { JobBackend } from '../../jobs/job-backend.ts'
import { readArguments, requiredOption, UsageError } from '../arguments.ts'
import { eachDead } from './each-dead.ts'
import { type JobsAtHand, withJobs } from './with-jobs.ts'

const options = { config: { type: 'string' }, all: { type: 'boolean' } } as const

/**
 * `jobs retry ID… --config DIR`, or `--all`: puts dead letters back into the queue, as if they were new.
 * @returns 0, or 1 if one of the ids is not that of a dead letter
 */
export function main(args: string[]): Promise<number> {
  const { values, positionals } = readArguments({ args, options, allowPositionals: true })
  const isAll = values.all ?? false
  if (isAll === positionals.length > 0)
    throw new UsageError('expected either IDs of dead jobs or --all')
  return withJobs(requiredOption(values.config, 'config'), async ({ backend, jobLifeMs }) => {
    const act = (id: string) => putBack(id, backend, jobLifeMs)
    return eachDead(backend.jobs, positionals, act, {
      done: 'waits again',
      missing: 'is not among the dead jobs',
    })
  })
}

/** Changes what the owner sees first, so that a job that is being carried out does not appear to be over. */
async function putBack(
  id: string,
  { store, jobs }: JobBackend,
  lifeMs: JobsAtHand['jobLifeMs'],
): Promise<boolean> {
  const before = await store.get(id)
  const expiresAtMs = Date.now() + lifeMs(before)
  const again = {
    state: 'waiting',
    expiresAtMs,
    attempts: 0,
    endedAtMs: undefined,
    cancelAskedAtMs: undefined,
    failure: undefined,
    answer: undefined,
  } as const
  const hasFailed = before?.failure !== undefined
  if (hasFailed) await store.change(id, again)
  if (await jobs.putBack(id, expiresAtMs)) return true
  // If the job had not failed, nothing was changed, and a gateway may be changing it now: the state read above is stale.
  if (hasFailed) await store.change(id, before)
  return false
}
