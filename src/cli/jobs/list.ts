import { type Job, type JobState, jobStates } from '../../jobs/job.ts'
import { limitOf, readArguments, requiredOption, UsageError } from '../arguments.ts'
import { operatorView, print, printJson, withJobs } from './with-jobs.ts'

const options = {
  config: { type: 'string' },
  integration: { type: 'string' },
  state: { type: 'string' },
  limit: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** `jobs list --config DIR [--integration NAME] [--state STATE] [--limit N] [--json]`: lists jobs, newest first. */
export function main(args: string[]): Promise<number> {
  const { values } = readArguments({ args, options })
  const { integration: owner, state } = values
  if (state !== undefined && !isState(state)) {
    throw new UsageError(`--state is one of ${jobStates.join(', ')}`)
  }
  const limit = limitOf(values.limit, 50)
  return withJobs(requiredOption(values.config, 'config'), async ({ backend }) => {
    for (const job of await backend.store.list({ owner, state, limit })) {
      if (values.json) printJson(JSON.stringify(viewOf(job)))
      else print(lineOf(job))
    }
    return 0
  })
}

function isState(text: string): text is JobState {
  return (jobStates as readonly string[]).includes(text)
}

/** A job as `jobs show` shows it, without the body of its answer and the results of its items. */
function viewOf(job: Job): object {
  const answer = job.answer && { ...job.answer, body: undefined }
  return operatorView({ ...job, answer }, [])
}

function lineOf({ id, acceptedAtMs, owner, state, attempts, route, failure, answer }: Job): string {
  const time = new Date(acceptedAtMs).toISOString()
  const end = failure?.code ?? answer?.status ?? ''
  return [time, id, state.padEnd(9), `${attempts}x`, owner, route, end].join('  ').trimEnd()
}
