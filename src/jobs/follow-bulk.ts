import type { Occasion } from '../forward/upstream-request.ts'
import { type AttemptResult, resultOf } from './attempt.ts'
import { progressOf, stateOfResults } from './item-results.ts'
import type { JobStore } from './job.ts'
import type { JobSender } from './job-environment.ts'
import type { JobRequest } from './job-payload.ts'
import { bulkStatusPath, bulkStatusQuery, ofAllItems, readOperations } from './magento-bulk.ts'

/** Asks Magento how far it is with a bulk that it has accepted. */
export async function followBulk(
  request: JobRequest,
  occasion: Occasion,
  sender: JobSender,
  store: JobStore,
): Promise<AttemptResult> {
  const path = bulkStatusPath(request, request.bulkUuid ?? '')
  const asked = { method: 'GET', path, query: bulkStatusQuery, body: undefined } as const
  const sent = await sender.send(occasion, asked)
  const { judgement, retryAfterMs } = resultOf(sent)
  if (judgement === 'unauthorized') {
    const detail = 'Magento does not let the integration see how the job ended.'
    return { judgement, failure: { code: 'upstream-error', detail } }
  }
  const bulk = 'code' in sent || judgement !== 'done' ? undefined : readOperations(sent.body)
  // Whatever was answered, asking again does no harm.
  if (bulk === undefined) return { judgement: 'taken', retryAfterMs }
  const { refused = [], bulkTotal } = request
  const { id } = request.job
  const { total, open, results } = ofAllItems(bulk, refused, bulkTotal)
  await store.putResults(id, 0, results)
  await store.change(id, { progress: progressOf(results, total) })
  if (open > 0) return { judgement: 'taken', retryAfterMs }
  await sender.dropCarriedOut(request)
  return { judgement: 'done', state: stateOfResults(results) }
}
