import type {
  Delivery,
  DurableQueue,
  QueueEntry,
  Settlement,
} from '../../src/jobs/durable-queue.ts'

/** An entry of a test. */
export function entryOf(id: string, more: Partial<QueueEntry> = {}): QueueEntry {
  return {
    id,
    owner: 'acme-erp',
    payload: Buffer.from(`payload of ${id}`),
    expiresAtMs: Date.now() + 3_600_000,
    ...more,
  }
}

/** What a queue delivers, one at a time, each settled by the test. */
export function deliveriesOf(queue: DurableQueue, concurrency = 1) {
  const arrived: { delivery: Delivery; settle: (settlement: Settlement) => void }[] = []
  let onArrival: (() => void) | undefined
  queue.consume(
    (delivery) =>
      new Promise((settle) => {
        arrived.push({ delivery, settle })
        onArrival?.()
      }),
    { concurrency },
  )
  return {
    /** How many have arrived that nobody has asked for. */
    count: () => arrived.length,
    next: async () => {
      while (arrived.length === 0) {
        await new Promise<void>((resolve) => {
          onArrival = resolve
        })
      }
      return arrived.shift() as (typeof arrived)[number]
    },
  }
}
