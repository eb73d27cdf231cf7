import { fail, jobArguments, print, withJobs } from './with-jobs.ts'

/** `jobs cancel ID --config DIR`: takes back a job that has not begun; forgets one that is a dead letter. */
export function main(args: string[]): Promise<number> {
  const { id, config } = jobArguments(args)
  return withJobs(config, async ({ backend: { store, jobs } }) => {
    if (await jobs.discard(id)) {
      print(`${id} is no dead letter any more`)
      return 0
    }
    const outcome = await jobs.cancel(id)
    if (outcome === 'absent') return fail(`there is no job ${id} that is not over`)
    if (outcome === 'begun') return fail(`${id} has begun`)
    await store.change(id, {
      state: 'cancelled',
      endedAtMs: Date.now(),
      nextAttemptAtMs: undefined,
    })
    print(`${id} is cancelled`)
    return 0
  })
}
