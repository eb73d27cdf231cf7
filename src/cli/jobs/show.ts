import { fail, jobArguments, operatorView, printJson, withJobs } from './with-jobs.ts'

/** `jobs show ID --config DIR`: shows a job as its owner sees it, in JSON, together with the name of the owner. */
export function main(args: string[]): Promise<number> {
  const { id, config } = jobArguments(args)
  return withJobs(config, async ({ backend: { store } }) => {
    const job = await store.get(id)
    if (job === undefined) return fail(`there is no job ${id}`)
    printJson(JSON.stringify(operatorView(job, await store.results(id)), undefined, 2))
    return 0
  })
}
