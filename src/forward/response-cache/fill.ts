import type { ServerResponse } from 'node:http'
import type { StoredAnswer } from '../../contract/answer-store.ts'
import type { UpstreamFill } from '../../contract/upstream-fill.ts'
import type { Rejection } from '../../problem.ts'
import { firstValue } from '../../syntax/headers.ts'
import type { AnswerWithHeaders } from './answer-stored.ts'

/** A fill that ended with an answer that can be given again. */
export interface StoredEnd {
  readonly kind: 'stored'
  readonly answer: StoredAnswer
  /** The request fields that it is chosen by, besides those of its key. */
  readonly selectedBy: readonly string[]
  /** What it is kept under: the same for all requests that choose it. */
  readonly variant: string
  /** Whether others that wait may have it, too. */
  readonly isForAll: boolean
  /** `Age` as Magento, or a cache before it, has sent it. */
  readonly upstreamAge: string | undefined
}

/** How a fill ended. */
export type FillEnd =
  | StoredEnd
  /** Magento is down, and says so itself. */
  | { readonly kind: 'down'; readonly answer: AnswerWithHeaders }
  /** There is no answer of Magento: it is down. */
  | { readonly kind: 'failed'; readonly rejection: Rejection }
  /** With an answer for nobody but the request that Magento was asked for. */
  | { readonly kind: 'apart' }
  /** Nobody was there any more to ask for. */
  | { readonly kind: 'abandoned' }

/** One request to Magento whose answer is for all that ask for the same meanwhile. */
export interface Fill extends UpstreamFill {
  readonly ticket: string
  /** Milliseconds since the epoch. */
  readonly askedAtMs: number
  readonly end: Promise<FillEnd>
  /** Waits as long as its caller does; resolves when either is over. */
  readonly join: (response: ServerResponse) => Promise<void>
  /** Ends it, once; what comes later is ignored. */
  readonly settle: (end: FillEnd) => void
}

/** What a fill is begun with. */
export interface FillSettings {
  readonly ticket: string
  readonly askedAtMs: number
  readonly validators: readonly string[]
  readonly holdBytes: number
  /** Decides on an answer that has come in whole; undefined where it is for one request only. */
  readonly decide: (answer: AnswerWithHeaders) => FillEnd | undefined
  /** Told that no answer under this key is to be expected that may be kept. */
  readonly onUnstorable: () => void
  readonly onEnd: () => void
}

/** Magento's answers that say that it is down. */
const downStatuses = new Set([502, 503, 504])

/** Begins a fill. It goes on as long as one of those that have joined it is there. */
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
        void end.promise.then(() => resolve())
        response.once('close', () => {
          resolve()
          waiting -= 1
          if (waiting > 0 || isOver) return
          settle({ kind: 'abandoned' })
          giveUp?.()
        })
      })
    },
    settle,
    isUnderWay: () => !isOver,
    onUnwanted: (act) => {
      giveUp = act
    },
    inspect: (status, rawHeaders) => {
      // Whoever is given a cookie is given something of its own; a 304 gives nothing.
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
