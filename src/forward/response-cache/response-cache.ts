import type { ServerResponse } from 'node:http'
import type { RequestContext } from '../../request-context.ts'
import type { LeftToAnswer } from '../attempts.ts'
import { type AskMagento, type CacheParts, prepareCachedReads } from './cached-reads.ts'
import { type CachedWrites, outcomeOf, prepareCachedWrites } from './cached-writes.ts'

/** Keeps answers of Magento for a short while and reuses them. */
export interface ResponseCache extends Pick<CachedWrites, 'dropAfter' | 'dropCarriedOut'> {
  /**
   * Answers a read from the cache or by asking Magento. For a write, drops what it has changed before its answer
   * leaves.
   * @returns what is left to be answered; undefined if the answer has been given already
   */
  readonly answer: (
    request: RequestContext,
    response: ServerResponse,
    ask: AskMagento,
  ) => Promise<LeftToAnswer> | undefined
}

/** Opens the cache; the answers are kept in `parts.store`. */
export function openResponseCache(parts: CacheParts): ResponseCache {
  const { store, totalMs } = parts
  const answerRead = prepareCachedReads(parts)
  const writes = prepareCachedWrites(store, totalMs)

  async function answerWrite(request: RequestContext, ask: AskMagento): Promise<LeftToAnswer> {
    writes.begin(request)
    const left = await ask(totalMs)
    // Already before the answer that is left: a stop does not wait for that if the caller has gone, and the key is settled
    // only after this.
    await request.dropChanged?.(left && outcomeOf(left))
    return left
  }

  return {
    ...writes,
    answer: (request, response, ask) => {
      if (request.cacheRule !== undefined) {
        return answerRead(request, response, request.cacheRule, ask)
      }
      // An endpoint that is read makes no calls but reads.
      return request.method === 'GET' ? ask(totalMs) : answerWrite(request, ask)
    },
  }
}
