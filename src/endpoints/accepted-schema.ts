import type { JsonSchema } from '../contract/endpoint.ts'

/** The schema of the answer to a request that became a job. */
export const acceptedSchema: JsonSchema = {
  type: 'object',
  properties: {
    jobId: { type: 'string' },
    state: { const: 'waiting' },
    location: { type: 'string' },
  },
  required: ['jobId', 'state', 'location'],
}
