import type { JobFile } from './job-file.ts'

/** How long what is over is kept, milliseconds. */
export interface Keeping {
  /** A job that is over can be seen. */
  readonly keepMs: number
  /** A dead letter can be put back. */
  readonly keepDeadMs: number
}

/** How many are forgotten in one transaction; what others ask for is done between two. */
const atOnce = 200

/**
 * Forgets all that has been over for long enough.
 * @param nowMs milliseconds since the epoch
 * @param signal ends it between two steps
 */
export async function forgetOld(
  file: JobFile,
  { keepMs, keepDeadMs }: Keeping,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const steps = [
    () => file.run('forgetOld', nowMs - keepMs, atOnce),
    () => file.run('forgetDead', 'jobs', nowMs - keepDeadMs, atOnce),
    () => file.run('forgetDead', 'callbacks', nowMs - keepDeadMs, atOnce),
  ]
  for (const step of steps) {
    while (!signal.aborted && (await step()) === atOnce);
  }
}
