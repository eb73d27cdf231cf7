import type { ServerResponse } from 'node:http'
import type { StoredAnswer } from '../../contract/answer-store.ts'
import { timeoutAfterReading } from '../../contract/timeout-after-reading.ts'
import type { UpstreamFill } from '../../contract/upstream-fill.ts'
import type { Rejection } from '../../problem.ts'
import type { RequestContext } from '../../request-context.ts'
import { firstValue } from '../../syntax/headers.ts'
import { outOfTime } from '../attempts.ts'
import { downStatuses } from '../gate/magento-failure.ts'
import type { AnswerWithHeaders } from './answer-stored.ts'

/** A fill that ended with an answer that can be reused. */
export interface StoredEnd {
  readonly kind: 'stored'
  readonly answer: StoredAnswer
  /** The request fields that select it, besides those of its key. */
  readonly selectedBy: readonly string[]
  /** Its key, which is the same for all requests that select it. */
  readonly variant: string
  /** Whether other requests that wait may have it as well. */
  readonly isForAll: boolean
  /** `Age` as sent by Magento or a cache in front of it. */
  readonly upstreamAge: string | undefined
}

/** How a fill ended. */
export type FillEnd =
  | StoredEnd
  /** Magento is down, and its answer says so. */
  | { readonly kind: 'down'; readonly answer: AnswerWithHeaders }
  /** Magento is down, and did not answer; or it was not asked, for a cause that may concern only the `asker`. */
  | {
      readonly kind: 'failed'
      readonly rejection: Rejection
      /** The integration on whose behalf Magento was to be asked. */
      readonly asker: string | undefined
    }
  /** The answer is only for the request for which Magento was asked. */
  | { readonly kind: 'apart' }
  /** Nobody waited for the answer any more. */
  | { readonly kind: 'abandoned' }

/** One request to Magento, whose answer is for all requests that want the same in the meantime. */
export interface Fill extends UpstreamFill {
  readonly ticket: string
  /** Milliseconds since the epoch. */
  readonly askedAtMs: number
  readonly end: Promise<FillEnd>
  /** Adds a caller that waits for the answer; resolves when the fill has ended or the caller has left. */
  readonly join: (response: ServerResponse) => Promise<void>
  /** Ends the fill; only the first call counts. */
  readonly settle: (end: FillEnd) => void
}

/** The start of a fill. */
export interface FillSettings {
  readonly ticket: string
  readonly askedAtMs: number
  readonly validators: readonly string[]
  readonly holdBytes: number
  /** Decides about a complete answer; undefined if it is for one request only. */
  readonly decide: (answer: AnswerWithHeaders) => FillEnd | undefined
  /** Told that answers under this key cannot be expected to be cacheable. */
  readonly onUnstorable: () => void
  readonly onEnd: () => void
}

/** Begins a fill. It goes on as long as one of the callers that have joined it is still there. */
export function openFill(settings: FillSettings): Fill {
  const { ticket, askedAtMs, validators, holdBytes, decide, onUnstorable, onEnd } = settings
  const end = Promise.withResolvers<FillEnd>()
  let waiting = 0
  let isOver = false
  let giveUp: (() => void) | undefined

  function settle(how: FillEnd): void {
    if (isOver) return
    isOver = true
    onEnd()
    end.resolve(how)
  }

  function letGo(): void {
    if (isOver) return
    onUnstorable()
    settle({ kind: 'apart' })
  }

  return {
    ticket,
    askedAtMs,
    validators,
    holdBytes,
    end: end.promise,
    join: (response) => {
      waiting += 1
      return new Promise((resolve) => {
        const leave = () => {
          resolve()
          waiting -= 1
          if (waiting > 0 || isOver) return
          settle({ kind: 'abandoned' })
          giveUp?.()
        }
        response.once('close', leave)
        // One caller can wait for many fills in turn.
        void end.promise.then(() => response.off('close', leave)).then(() => resolve())
      })
    },
    settle,
    onUnwanted: (act) => {
      giveUp = act
    },
    inspect: (status, rawHeaders) => {
      // An answer with a cookie is meant for one caller only. (A 304 sets none for the stored answer.)
      if (status !== 304 && firstValue(rawHeaders, 'set-cookie') !== undefined) letGo()
    },
    take: (status, headers, body) => {
      if (isOver) return false
      const answer = { status, headers, body }
      const isTooLong = body.length > holdBytes
      const how = downStatuses.has(status)
        ? ({ kind: 'down', answer } as const)
        : isTooLong
          ? undefined
          : decide(answer)
      if (how === undefined && status === 200) onUnstorable()
      settle(how ?? { kind: 'apart' })
      return how !== undefined
    },
    letGo,
  }
}

/**
 * Waits for the end of a fill, but no longer than the request has time. One wait can follow another, where those for whom
 * Magento is asked get nothing that is of use to others.
 */
export async function endWithin(
  fill: Fill,
  withinMs: number,
  { verified: asker }: RequestContext,
): Promise<FillEnd> {
  const over = Promise.withResolvers<FillEnd>()
  const giveUp = () => over.resolve({ kind: 'failed', rejection: outOfTime, asker })
  // An answer that has been read is passed on at the end of its turn.
  const timer = timeoutAfterReading(() => setImmediate(giveUp), withinMs)
  const end = await Promise.race([fill.end, over.promise])
  clearTimeout(timer)
  return end
}
