import { isEpochMs, type Job, type JobAnswer, type JobChange, jobStates } from '../../jobs/job.ts'
import { parseJson } from '../../syntax/parse-json.ts'

/** An answer as it is stored in a field, with its body in base64. */
type FieldAnswer = Omit<JobAnswer, 'body'> & { readonly body?: string }

/** A job as it is stored. */
type FieldJob = Omit<Job, 'answer'> & { readonly answer?: FieldAnswer }

/** Converts a change to the fields to set (names and values in turn) and the names of those to delete. */
export function fieldsOf(change: JobChange): {
  readonly set: readonly string[]
  readonly gone: readonly string[]
} {
  const members = Object.entries(change)
  return {
    set: members.flatMap(([name, value]) =>
      value === undefined ? [] : [name, JSON.stringify(name === 'answer' ? fieldOf(value) : value)],
    ),
    gone: members.flatMap(([name, value]) => (value === undefined ? [name] : [])),
  }
}

/** Converts fields back to a job; undefined if they are not those of one. */
export function jobOf(fields: Readonly<Record<string, string>>): Job | undefined {
  const members = Object.entries(fields).map(([name, text]) => [name, parseJson(text)] as const)
  const job: Partial<FieldJob> = Object.fromEntries(members)
  // A field of ours is never null.
  if (members.some(([, value]) => value == null) || !isWhole(job)) return undefined
  const { answer, ...rest } = job
  if (answer === undefined) return rest
  const { body, ...head } = answer
  return {
    ...rest,
    answer: { ...head, ...(body !== undefined && { body: Buffer.from(body, 'base64') }) },
  }
}

function fieldOf({ body, ...head }: JobAnswer): FieldAnswer {
  return { ...head, ...(body !== undefined && { body: body.toString('base64') }) }
}

function isWhole(job: Partial<FieldJob>): job is FieldJob {
  const { id, owner, state, acceptedAtMs, expiresAtMs, answer } = job
  const { startedAtMs = 0, endedAtMs = 0, nextAttemptAtMs = 0 } = job
  return (
    [id, owner, answer?.body ?? ''].every((text) => typeof text === 'string') &&
    (jobStates as readonly unknown[]).includes(state) &&
    [acceptedAtMs, expiresAtMs, startedAtMs, endedAtMs, nextAttemptAtMs].every(isEpochMs)
  )
}
