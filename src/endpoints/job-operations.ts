import type { JsonSchema } from '../contract/endpoint.ts'
import { jobStates } from '../jobs/job.ts'
import { acceptedSchema } from './accepted-schema.ts'

/** The answer to a write that was accepted as a job. */
export const acceptedResponse: JsonSchema = {
  description:
    'Accepted as a job, where the request says `Prefer: respond-async` or its route does.',
  headers: { Location: { schema: { type: 'string' } } },
  content: { 'application/json': { schema: acceptedSchema } },
}

const jobSchema: JsonSchema = {
  type: 'object',
  properties: {
    jobId: { type: 'string' },
    state: { enum: jobStates },
    method: { type: 'string' },
    route: { type: 'string' },
    requestId: { type: 'string' },
    acceptedAt: { type: 'string', format: 'date-time' },
    expiresAt: { type: 'string', format: 'date-time' },
    startedAt: { type: 'string', format: 'date-time' },
    endedAt: { type: 'string', format: 'date-time' },
    attempts: { type: 'integer' },
    nextAttemptAt: { type: 'string', format: 'date-time' },
    progress: {
      type: 'object',
      properties: {
        total: { type: 'integer' },
        done: { type: 'integer' },
        failed: { type: 'integer' },
      },
    },
    failure: {
      type: 'object',
      properties: { code: { type: 'string' }, detail: { type: 'string' } },
    },
    answer: {
      type: 'object',
      properties: { status: { type: 'integer' }, contentType: { type: 'string' }, body: {} },
    },
    results: {
      type: 'array',
      items: { type: 'object', properties: { success: { type: 'boolean' } } },
    },
  },
  required: ['jobId', 'state', 'attempts'],
}

const operationOf = (operationId: string, summary: string) => ({
  operationId,
  summary,
  parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
  responses: {
    200: { description: 'The job.', content: { 'application/json': { schema: jobSchema } } },
    default: { $ref: '#/components/responses/Problem' },
  },
})

/** What an integration may do with its jobs, by method. */
export const jobOperations: Record<string, unknown> = {
  get: operationOf('GET_V1_jobs_id', 'Show a job of this integration'),
  delete: operationOf('DELETE_V1_jobs_id', 'Cancel a job that has not begun'),
}
