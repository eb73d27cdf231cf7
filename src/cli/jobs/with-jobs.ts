import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pino } from 'pino'
import { ConfigError } from '../../config/faults.ts'
import { loadConfig } from '../../config.ts'
import { errorCode } from '../../contract/error-code.ts'
import type { Job, JobItemResult } from '../../jobs/job.ts'
import { BackendError, type JobBackend } from '../../jobs/job-backend.ts'
import { jobView } from '../../jobs/job-view.ts'
import { openJobBackend } from '../../lasting/open-job-backend.ts'
import { escapeControls, printable } from '../../syntax/terminal-text.ts'
import { readArguments, requiredOption, UsageError } from '../arguments.ts'

/** What a command of `jobs` works with. */
export interface JobsAtHand {
  readonly backend: JobBackend
  /** For how long a job that is put back is tried, in milliseconds; for a forgotten job, the usual time. */
  readonly jobLifeMs: (job: Pick<Job, 'owner' | 'route'> | undefined) => number
  /** For how long a call-back to an integration is tried, in milliseconds; undefined if it has none configured. */
  readonly callbackLifeMs: (owner: string) => number | undefined
}

/**
 * Runs a command on the jobs of a configuration; a gateway may be running on them at the same time.
 * @returns the exit code of the command; 1 if the jobs cannot be reached
 */
export async function withJobs(
  directory: string,
  run: (jobs: JobsAtHand) => Promise<number>,
): Promise<number> {
  try {
    const { gateway, integrations } = await loadConfig(directory)
    const { jobs, store } = gateway
    const settingsOf = (owner: string) => integrations.find(({ name }) => name === owner)
    const callbackLifeMs: JobsAtHand['callbackLifeMs'] = (owner) =>
      settingsOf(owner)?.callback?.retry.giveUpAfterMs
    if (jobs === undefined) return fail(`${directory}/gateway.yaml has no section jobs`)
    const jobLifeMs: JobsAtHand['jobLifeMs'] = (job) => {
      const rule = job && settingsOf(job.owner)?.policies.jobs?.[job.route]
      return (rule?.expiryMinutes ?? jobs.expiryMinutes) * 60_000
    }
    // Opening it would create an empty database, and the command would report that there are no jobs.
    const missing = jobs.file === undefined ? undefined : whyMissing(jobs.file)
    if (missing !== undefined) return fail(missing)
    const log = pino({ level: 'error' }, { write: tellFault })
    const backend = await openJobBackend({ jobs, store }, log, () => undefined)
    try {
      return await run({ backend, jobLifeMs, callbackLifeMs })
    } finally {
      await backend.jobs.close(0)
      await backend.callbacks.close(0)
      await backend.close()
    }
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.message)
    if (!(error instanceof BackendError)) throw error
    return fail(`${error.message} (${error.code})`)
  }
}

/** Tells why RabbitMQ or Redis is away, of which later errors only say that it is, or which job is not understood. */
function tellFault(line: string): void {
  const { msg, errorCode, jobId } = JSON.parse(line) as Readonly<Record<string, unknown>>
  fail(printable(`${msg} (${jobId ?? errorCode})`))
}

/** Why there is no file of jobs at a path; undefined if there is one. */
function whyMissing(file: string): string | undefined {
  try {
    statSync(file)
    return undefined
  } catch (error) {
    const code = errorCode(error)
    if (code !== 'ENOENT') return `the file of jobs ${resolve(file)} cannot be used (${code})`
    const missing = `the file of jobs ${resolve(file)} does not exist`
    return `${missing}; if jobs.file is relative, run this where the gateway was started`
  }
}

/** Reads `ID --config DIR`. */
export function jobArguments(args: string[]): { readonly id: string; readonly config: string } {
  const options = { config: { type: 'string' } } as const
  const { values, positionals } = readArguments({ args, options, allowPositionals: true })
  const [id, ...more] = positionals
  if (id === undefined || more.length > 0) throw new UsageError('expected one ID of a job')
  return { id, config: requiredOption(values.config, 'config') }
}

/** A job as its owner sees it, together with the name of the owner. */
export function operatorView(job: Job, results: readonly JobItemResult[]): object {
  return { integration: job.owner, ...jobView(job, results) }
}

/** Prints a line. Text that somebody else chose cannot control the terminal, nor look like a line of its own. */
export function print(line: string): void {
  process.stdout.write(`${printable(line)}\n`)
}

/** Prints JSON, in one line or in several, in the same way. */
export function printJson(json: string): void {
  process.stdout.write(`${escapeControls(json)}\n`)
}

/** Prints why a command failed; returns its exit code. */
export function fail(message: string): number {
  process.stderr.write(`jobs: ${message}\n`)
  return 1
}
