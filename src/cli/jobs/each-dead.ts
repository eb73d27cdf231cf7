import { allDead } from '../../jobs/all-dead.ts'
import type { DurableQueue } from '../../jobs/durable-queue.ts'
import { BackendError } from '../../jobs/job-backend.ts'
import { printable } from '../../syntax/terminal-text.ts'
import { fail, print } from './with-jobs.ts'

/** Error codes after which no other letter can be changed either. */
const forAll = new Set(['BROKER_AWAY', 'BROKER_FULL', 'REDIS_AWAY'])

/**
 * Does the same with several dead letters, and prints the result for each. A letter for which it fails does not keep the
 * others from it.
 * @param ids if empty, all dead letters of the queue
 * @param act returns whether there was such a dead letter
 * @param said what is printed after the id
 * @returns the exit code: 0, or 1 if it failed for one of the ids, or one was not that of a dead letter
 * @throws if RabbitMQ or Redis is away, so that it would fail for all
 */
export async function eachDead(
  queue: DurableQueue,
  ids: readonly string[],
  act: (id: string) => Promise<boolean>,
  said: { readonly done: string; readonly missing: string },
): Promise<number> {
  const chosen = ids.length > 0 ? ids : (await allDead(queue)).map(({ id }) => id)
  let failed = 0
  for (const id of chosen) {
    const missed = await whyNot(act, id, said.missing)
    if (missed === undefined) print(`${id} ${said.done}`)
    else failed += fail(printable(`${id} ${missed}`))
  }
  if (failed > 0 && chosen.length > 1) fail(`not done for ${failed} of ${chosen.length}`)
  return failed > 0 ? 1 : 0
}

async function whyNot(
  act: (id: string) => Promise<boolean>,
  id: string,
  missing: string,
): Promise<string | undefined> {
  try {
    return (await act(id)) ? undefined : missing
  } catch (error) {
    if (!(error instanceof BackendError) || forAll.has(error.code)) throw error
    return `could not be changed (${error.code})`
  }
}
