import { createHash, randomUUID } from 'node:crypto'

/** Magento's numbers: complete, retriably failed, not retriably failed, open, rejected. */
export type OperationStatus = 1 | 2 | 3 | 4 | 5

/** One call that waits, and what became of it. */
export interface Operation {
  readonly id: number
  readonly topic: string
  readonly serializedData: string
  status: OperationStatus
  resultMessage: string | null
}

interface WaitingOperation {
  readonly operation: Operation
  readonly run: () => unknown
}

/** The bulk operations of the shop (Magento: AsynchronousOperations, WebapiAsync). */
export class BulkQueue {
  readonly bulks = new Map<string, readonly Operation[]>()
  readonly #isAutomatic: boolean
  #waiting: WaitingOperation[] = []

  constructor(isAutomatic: boolean) {
    this.#isAutomatic = isAutomatic
  }

  /** Takes calls in, and answers as Magento does before any of them was made. */
  publish(
    topic: string,
    calls: readonly { readonly data: unknown; readonly run: () => unknown }[],
  ) {
    const uuid = randomUUID()
    const operations = calls.map(({ data, run }, id) => {
      const operation: Operation = {
        id,
        topic,
        serializedData: JSON.stringify(data),
        status: 4,
        resultMessage: null,
      }
      this.#waiting.push({ operation, run })
      return operation
    })
    this.bulks.set(uuid, operations)
    if (this.#isAutomatic) setImmediate(() => this.run())
    return {
      bulk_uuid: uuid,
      request_items: operations.map(({ id, serializedData }) => ({
        id,
        data_hash: createHash('sha256').update(serializedData).digest('hex'),
        status: 'accepted',
      })),
      errors: false,
    }
  }

  /** Makes every call that waits; gives their number. */
  run(): number {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { operation, run } of waiting) {
      try {
        run()
        operation.status = 1
        operation.resultMessage = 'Service execution success'
      } catch (error) {
        operation.status = 3
        operation.resultMessage = error instanceof Error ? error.message : 'unknown'
      }
    }
    return waiting.length
  }
}
