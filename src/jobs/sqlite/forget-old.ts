import type { JobFile } from './job-file.ts'

/** How long jobs are kept after their end, milliseconds. */
export interface Keeping {
  /** How long a job that is over can be seen. */
  readonly keepMs: number
  /** How long a dead letter can be put back. */
  readonly keepDeadMs: number
}

/** How many are removed in one transaction; other operations are done in between. */
const atOnce = 200

/**
 * Removes everything that has been over for long enough.
 * @param nowMs milliseconds since the epoch
 * @param signal stops it between two transactions
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
