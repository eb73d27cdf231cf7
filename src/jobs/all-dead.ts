import type { DeadLetter, DurableQueue } from './durable-queue.ts'

const pageLength = 200

/** All dead letters of a queue, oldest first, without their payloads. */
export async function allDead(
  queue: DurableQueue,
): Promise<readonly Pick<DeadLetter, 'id' | 'owner'>[]> {
  const letters: Pick<DeadLetter, 'id' | 'owner'>[] = []
  for (;;) {
    const page = await queue.listDead({ limit: pageLength, after: letters.at(-1)?.id })
    letters.push(...page.map(({ id, owner }) => ({ id, owner })))
    if (page.length < pageLength) return letters
  }
}
