import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { JobState } from '../../src/jobs/job.ts'
import {
  acme,
  type GatewayOptions,
  globex,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts'
import { type ClientAnswer, globexHeaders, send } from '../support/http-client.ts'
import { temporaryFolder } from '../support/shared.ts'

/** Routes that the tests of jobs write to. */
export const jobTestRoutes = [
  'GET /V1/products/:sku',
  'POST /V1/products',
  'PUT /V1/products/:sku',
  'DELETE /V1/products/:sku',
  'POST /V1/inventory/source-items',
  'POST /V1/magefine/inventaire',
  'POST /V1/magefine/inventaire/bulk',
]

/** Retries that no test waits long for. */
export const quickJobs = { retry: { firstMs: 10, longestMs: 40 } }

/** A job as its owner sees it. */
export interface JobView {
  readonly jobId: string
  readonly state: JobState
  readonly attempts: number
  readonly acceptedAt: string
  readonly expiresAt: string
  readonly progress?: { readonly total: number; readonly done: number; readonly failed: number }
  readonly results?: readonly { readonly success: boolean; readonly sku?: string }[]
  readonly answer?: { readonly status: number; readonly body?: unknown }
  readonly failure?: { readonly code: string; readonly detail: string }
}

/** A gateway that keeps jobs in a file of its own. */
export interface JobsGateway extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly file: string
  /** Sends a write that is to be a job. */
  readonly write: (request: Partial<WriteRequest>) => Promise<ClientAnswer>
  /** The job of an answer 202, as it is now. */
  readonly show: (accepted: ClientAnswer) => Promise<JobView>
  /** The job of an answer 202 when it is over. */
  readonly ended: (accepted: ClientAnswer) => Promise<JobView>
}

interface WriteRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** Starts one; `rules` are those of the routes of globex-pim. */
export async function startJobsGateway(
  magentoUrl: string,
  rules: object = {},
  { gateway: sections = {}, ...more }: Partial<GatewayOptions> = {},
): Promise<JobsGateway> {
  const folder = await temporaryFolder()
  const file = join(folder, 'jobs.sqlite')
  const gateway = await startGateway({
    magentoUrl,
    integrations: [
      acme,
      { ...globex, policies: { routes: jobTestRoutes, jobs: rules, endpoints: 'compose' } },
    ],
    ...more,
    gateway: {
      // It would hold up jobs for longer than a test waits.
      magento: { sourceCode: 'default', circuitBreaker: { mode: 'off' } },
      ...sections,
      jobs: { file, ...quickJobs, ...sections.jobs },
    },
  })
  const show = async ({ headers }: ClientAnswer): Promise<JobView> => {
    const answer = await send(gateway.url, { path: headers.location ?? '', headers: globexHeaders })
    return JSON.parse(answer.body) as JobView
  }
  return {
    gateway,
    file,
    write: ({ method = 'POST', path = '/rest/V1/products', headers, body }) =>
      send(gateway.url, {
        method,
        path,
        headers: {
          ...globexHeaders,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          Prefer: 'respond-async',
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    show,
    ended: async (accepted) => {
      for (;;) {
        const job = await show(accepted)
        if (!['waiting', 'running'].includes(job.state)) return job
        await delay(5)
      }
    },
    [Symbol.asyncDispose]: gateway[Symbol.asyncDispose],
  }
}
