import { allDead } from '../../jobs/all-dead.ts'
import type { DurableQueue } from '../../jobs/durable-queue.ts'
import { fail, print } from './with-jobs.ts'

/**
 * Does the same with several dead letters, and prints the result for each.
 * @param ids if empty, all dead letters of the queue
 * @param act returns whether there was such a dead letter
 * @param said what is printed after the id
 * @returns the exit code: 0, or 1 if one of the ids was not that of a dead letter
 */
export async function eachDead(
  queue: DurableQueue,
  ids: readonly string[],
  act: (id: string) => Promise<boolean>,
  said: { readonly done: string; readonly missing: string },
): Promise<number> {
  const chosen = ids.length > 0 ? ids : (await allDead(queue)).map(({ id }) => id)
  let exitCode = 0
  for (const id of chosen) {
    if (await act(id)) print(`${id} ${said.done}`)
    else exitCode = fail(`${id} ${said.missing}`)
  }
  return exitCode
}
