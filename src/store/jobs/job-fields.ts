import type { Job, JobAnswer, JobChange } from '../../jobs/job.ts'

/** An answer as it is stored in a field, with its body in base64. */
type FieldAnswer = Omit<JobAnswer, 'body'> & { readonly body?: string }

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

/** Converts fields back to a job; undefined if there are none. */
export function jobOf(fields: Readonly<Record<string, string>>): Job | undefined {
  if (fields.id === undefined) return undefined
  const job = Object.fromEntries(
    Object.entries(fields).map(([name, text]) => [name, JSON.parse(text)]),
  ) as Omit<Job, 'answer'> & { readonly answer?: FieldAnswer }
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
