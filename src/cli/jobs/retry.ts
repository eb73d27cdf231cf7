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

/** Puts a job back, and shows it so. False if it is not a dead letter; then nothing of it changes. */
async function putBack(
  id: string,
  { store, jobs }: JobBackend,
  lifeMs: JobsAtHand['jobLifeMs'],
): Promise<boolean> {
  const expiresAtMs = Date.now() + lifeMs(await store.get(id))
  return jobs.putBack(id, expiresAtMs, {
    state: 'waiting',
    expiresAtMs,
    attempts: 0,
    endedAtMs: undefined,
    cancelAskedAtMs: undefined,
    failure: undefined,
    answer: undefined,
  })
}
