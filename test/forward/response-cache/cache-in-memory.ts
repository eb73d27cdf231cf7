import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { CacheParts } from '../../../src/forward/response-cache/cached-reads.ts'
import { openResponseCache } from '../../../src/forward/response-cache/response-cache.ts'
import { memoryAnswers } from '../../../src/store/answers/memory-answers.ts'
import { answerSettings } from '../../support/answer-settings.ts'

/** A cache in memory. */
export function cacheWith(
  parts: Pick<CacheParts, 'totalMs' | 'countWaiting' | 'clock'> & {
    readonly maxAnswerBytes?: number
  },
) {
  return openResponseCache({
    store: memoryAnswers(1_048_576, () => performance.now()),
    answers: answerSettings,
    shop: 'http://magento',
    maxAnswerBytes: 1024,
    ...parts,
  })
}

/** The rule of a route whose answers are reused for a second. */
export const reusedForASecond = {
  owner: 'a',
  ttlMs: 1_000,
  staleIfErrorMs: 0,
  isUpstreamObeyed: false,
}

export function newResponse(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()))
}
