import type { ServerResponse } from 'node:http'
import type { RequestContext } from '../../request-context.ts'
import type { SendUpstream } from '../upstream-exchange.ts'
import {
  type AskMagento,
  type CacheSettings,
  type LeftToAnswer,
  prepareCachedReads,
} from './cached-reads.ts'
import { prepareCachedWrites } from './cached-writes.ts'

/** Keeps answers of Magento for a short while and gives them again. */
export interface ResponseCache {
  /**
   * Answers a request with what is kept, or by asking Magento; what a write has changed is dropped before its
   * answer leaves.
   * @returns what is left to be answered; undefined when the answer has been given already
   */
  readonly answer: (
    request: RequestContext,
    response: ServerResponse,
    ask: AskMagento,
  ) => Promise<LeftToAnswer> | undefined
  /** Has requests that are not answered here, those of jobs, drop what they have changed as well. */
  readonly dropAfter: (send: SendUpstream) => SendUpstream
}

/** Opens the cache over a store of answers. */
export function openResponseCache(settings: CacheSettings): ResponseCache {
  const { store, totalMs } = settings
  const answerRead = prepareCachedReads(settings)
  const writes = prepareCachedWrites(store, totalMs)

  async function answerWrite(request: RequestContext, ask: AskMagento): Promise<LeftToAnswer> {
    writes.begin(request)
    const left = await ask(totalMs)
    // Where there is something left to be answered, it is dropped before that leaves.
    if (left === undefined) await request.dropChanged?.()
    return left
  }

  return {
    answer: (request, response, ask) => {
      if (request.cacheRule !== undefined) {
        return answerRead(request, response, request.cacheRule, ask)
      }
      return isRead(request) ? ask(totalMs) : answerWrite(request, ask)
    },
    dropAfter: writes.dropAfter,
  }
}

/** Whether all that Magento is asked for are reads, whatever stands before it. */
function isRead({ method, endpoint }: RequestContext): boolean {
  return method === 'GET' && !endpoint?.endpoint.calls?.some((called) => called.method !== 'GET')
}
