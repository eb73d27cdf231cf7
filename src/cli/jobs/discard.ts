import { discardCallbacks } from '../../callbacks/redeliver.ts'
import { readArguments, requiredOption, UsageError } from '../arguments.ts'
import { eachDead } from './each-dead.ts'
import { withJobs } from './with-jobs.ts'

const options = {
  config: { type: 'string' },
  all: { type: 'boolean' },
  callbacks: { type: 'boolean' },
} as const

/**
 * `jobs discard ID… --config DIR [--callbacks]`, or `--all`: deletes dead letters of jobs or of their call-backs.
 * @returns 0, or 1 if one of the ids is not that of a dead letter
 */
export function main(args: string[]): Promise<number> {
  const { values, positionals } = readArguments({ args, options, allowPositionals: true })
  const { all: isAll = false, callbacks: areCallbacks = false } = values
  if (isAll === positionals.length > 0) throw new UsageError('expected either IDs of jobs or --all')
  return withJobs(requiredOption(values.config, 'config'), async ({ backend }) => {
    const queue = areCallbacks ? backend.callbacks : backend.jobs
    const act = async (id: string) =>
      (await queue.discard(id)) || (areCallbacks && (await discardCallbacks(id, backend)))
    return eachDead(queue, positionals, act, {
      done: 'was discarded',
      missing: areCallbacks ? 'has no dead call-back' : 'is not among the dead jobs',
    })
  })
}
