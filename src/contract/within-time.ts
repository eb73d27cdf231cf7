import { timeoutAfterReading } from './timeout-after-reading.ts'

/**
 * What is promised, or an error if it does not come in time. What has arrived by then is read before the deadline counts,
 * and a promise that nobody needs any more does not keep the process.
 * @param late makes that error
 */
export function withinTime<Value>(
  promise: Promise<Value>,
  deadlineMs: number,
  late: () => Error,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const deadline = timeoutAfterReading(() => reject(late()), deadlineMs).unref()
    promise.then(resolve, reject).finally(() => clearTimeout(deadline))
  })
}
