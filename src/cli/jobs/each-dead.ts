import { allDead } from '../../jobs/all-dead.ts'
import type { DurableQueue } from '../../jobs/durable-queue.ts'
import { fail, print } from './with-jobs.ts'

/**
 * Does the same for dead letters, and says of each what came of it.
 * @param ids none: all that the queue has
 * @param act tells whether it was a dead letter
 * @param said behind the id
 * @returns the exit code: 0, or 1 where one of them was none
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
