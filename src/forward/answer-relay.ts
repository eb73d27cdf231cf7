import type { ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Dispatcher } from 'undici'
import type { Rejection } from '../problem.ts'
import type { RequestContext, UpstreamExchange } from '../request-context.ts'
import {
  type AnswerSettings,
  boundReading,
  clientClosed,
  standingHeaders,
  unrecorded,
} from '../server/answer.ts'
import { atEndOfTurn } from '../server/end-of-turn.ts'
import { firstValue } from '../syntax/headers.ts'
import { holdLimitOf } from './hold-limit.ts'
import { responseHeaders } from './response-headers.ts'
import type { UpstreamAttempt } from './upstream-credentials.ts'
import {
  ClientGoneError,
  errorPage,
  TotalTimeoutError,
  upstreamFailure,
} from './upstream-failure.ts'

/** What is read of an error page before its connection is given up instead. */
const discardLimitBytes = 65_536

const noBytes = Buffer.alloc(0)

/** Reads that came in together are answered together. */
const later = atEndOfTurn<() => void>((passOn) => passOn())

/** Where an answer stands. */
type Phase = 'waiting' | 'holding' | 'whole' | 'streaming' | 'discarding' | 'done'

/** What an exchange has come to, or the defect that ended it. */
type Result = Rejection | UpstreamAttempt | undefined | Promise<never>

/** What a relay needs to know besides request and response. */
export interface RelaySettings extends AnswerSettings {
  readonly internalOrigin: string
}

/** Passes Magento's answer to the caller as it comes in, at the pace at which the caller reads. */
export class AnswerRelay implements Dispatcher.DispatchHandler {
  /**
   * Resolves when the exchange is over: with what is to be answered, or with the attempt to make
   * instead, or with nothing when all is said. Rejects for a defect.
   */
  readonly over: Promise<Rejection | UpstreamAttempt | undefined>
  readonly #request: RequestContext
  readonly #response: ServerResponse
  readonly #settings: RelaySettings
  readonly #exchange: UpstreamExchange
  readonly #timer: NodeJS.Timeout
  readonly #after: UpstreamAttempt['after']
  #settle: (result: Result) => void = () => undefined
  #controller: Dispatcher.DispatchController | undefined
  #phase: Phase = 'waiting'
  #status = 0
  #headers: string[] = []
  #held: Buffer[] = []
  #heldBytes = 0
  #discardedBytes = 0
  // The end of a streamed answer to a write, which leaves when its record is written.
  #last: Buffer | undefined

  /** @param totalMs most for the whole exchange, milliseconds */
  constructor(
    request: RequestContext,
    response: ServerResponse,
    settings: RelaySettings,
    totalMs: number,
    after: UpstreamAttempt['after'],
  ) {
    this.#request = request
    this.#response = response
    this.#settings = settings
    this.#after = after
    this.#exchange = request.upstream = { startedAt: performance.now() }
    this.over = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#timer = setTimeout(() => this.#abort(new TotalTimeoutError()), totalMs)
    request.fill?.onUnwanted(() => this.#abort(new ClientGoneError()))
    // Before the listener that records the request.
    response.prependListener('close', () => {
      if (request.heldKey !== undefined || request.fill?.isUnderWay()) {
        // Who sent a key will ask for the answer again; what is too long for that is read to its end.
        if (this.#phase === 'streaming') this.#controller?.resume()
        return
      }
      if (!response.writableFinished) this.#abort(new ClientGoneError())
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // It waited for a connection until nobody wanted its answer any more.
    if (this.#phase === 'done') controller.abort(new ClientGoneError())
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // 1xx: informational answers belong to this hop.
    if (status < 200 || this.#phase === 'done') return
    this.#exchange.status = status
    const raw = (controller.rawHeaders as Buffer[]).map((part) => part.toString('latin1'))
    const page = errorPage(status, firstValue(raw, 'content-type'), firstValue(raw, 'retry-after'))
    if (page !== undefined) {
      this.#phase = 'discarding'
      this.#noteDuration()
      this.#settle(page)
      return
    }
    this.#request.fill?.inspect(status, raw)
    this.#status = status
    this.#headers = responseHeaders(raw, this.#settings.internalOrigin)
    this.#phase = 'holding'
    if (status !== 401) void this.#after?.(status, noBytes)
    // Its length is that of the answer that the caller has (RFC 9110, section 8.6), and undici misses it here.
    if (status === 304) this.#takeWhole()
    else if (Number(firstValue(raw, 'content-length') ?? 0) > holdLimitOf(this.#request))
      this.#stream()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#phase === 'holding') {
      this.#held.push(chunk)
      this.#heldBytes += chunk.length
      if (this.#heldBytes > holdLimitOf(this.#request)) this.#stream()
    } else if (this.#phase === 'streaming') {
      if (this.#response.destroyed) return
      this.#request.bytesOut += chunk.length
      if (!this.#response.write(this.#holdBack(chunk))) {
        controller.pause()
        this.#response.once('drain', () => controller.resume())
      }
    } else if (this.#phase === 'discarding') {
      this.#discardedBytes += chunk.length
      if (this.#discardedBytes > discardLimitBytes) this.#abort(new Error('long error page'))
    }
  }

  onResponseEnd(): void {
    if (this.#phase === 'holding') this.#takeWhole()
    else if (this.#phase === 'streaming') {
      this.#end((mayAnswer) => {
        if (mayAnswer) this.#response.end(this.#last)
        else this.#response.destroy()
      })
    } else if (this.#phase !== 'whole') this.#finish(undefined)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#phase !== 'whole') this.#fail(error)
  }

  /** Nothing of the answer is missing: it is passed on when its turn comes. */
  #takeWhole(): void {
    this.#phase = 'whole'
    this.#noteDuration()
    // The answer of a write waits for its record, together with others.
    if (this.#request.method === 'GET') later(() => this.#passOn())
    else this.#passOn()
  }

  /** Passes a held answer on, unless it is one that asks for another attempt. */
  #passOn(): void {
    if (this.#phase === 'done') return
    const [first = noBytes] = this.#held
    const body = this.#held.length <= 1 ? first : Buffer.concat(this.#held)
    if (this.#status === 401 && this.#after !== undefined) {
      void Promise.resolve(this.#after(401, body)).then(
        (next) => (next === undefined ? this.#tryAnswer(body) : this.#finish(next)),
        (error: Error) => this.#fail(error),
      )
    } else this.#tryAnswer(body)
  }

  /** Whoever asked is told of a defect: here nobody else would hear of it, and it would end the process. */
  #tryAnswer(body: Buffer): void {
    try {
      this.#answer(body)
    } catch (error) {
      if (this.#phase !== 'done') this.#finish(Promise.reject(error))
    }
  }

  /** Passes a held answer on whole. */
  #answer(body: Buffer): void {
    if (this.#phase === 'done') return
    if (this.#request.fill?.take(this.#status, this.#headers, body)) {
      this.#finish(undefined)
      return
    }
    this.#request.bytesOut = body.length
    if (body.length > 0 && firstValue(this.#headers, 'content-length') === undefined) {
      this.#headers.push('Content-Length', String(body.length))
    }
    this.#request.outcome = { status: this.#status }
    if (this.#request.keepsAnswer) {
      const contentType = firstValue(this.#headers, 'content-type') ?? ''
      this.#request.keptAnswer = { status: this.#status, contentType, body }
    }
    this.#end((mayAnswer) => {
      if (!mayAnswer) return this.#finish(unrecorded)
      this.#writeHead()
      // As a string of the same bytes: head and body then leave in one write, not a gathered one.
      this.#response.end(body.toString('latin1'), 'latin1')
      this.#request.inspectAnswer?.(this.#status, body)
    })
  }

  /** Ends an answer that has come in whole, when the request may be answered. */
  #end(end: (mayAnswer: boolean) => void): void {
    clearTimeout(this.#timer)
    this.#noteDuration()
    this.#settings.hold(this.#request, (mayAnswer) => {
      // The caller may have left meanwhile.
      if (this.#phase === 'done') return
      try {
        end(mayAnswer)
        this.#finish(undefined)
        boundReading(this.#response, this.#request, this.#settings)
      } catch (error) {
        this.#fail(error as Error)
      }
    })
  }

  /** The piece before this one; nothing may follow the last piece, so that one waits for the end. */
  #holdBack(chunk: Buffer): Buffer {
    if (this.#request.method === 'GET') return chunk
    const before = this.#last ?? noBytes
    this.#last = chunk
    return before
  }

  #noteDuration(): void {
    this.#exchange.durationMs ??= performance.now() - this.#exchange.startedAt
  }

  /** Goes over to passing the answer on as it comes. */
  #stream(): void {
    if (this.#request.fill !== undefined) {
      this.#request.fill.letGo()
      if (this.#response.destroyed) {
        this.#abort(new ClientGoneError())
        return
      }
    }
    this.#phase = 'streaming'
    this.#writeHead()
    for (const chunk of this.#held) this.#response.write(this.#holdBack(chunk))
    this.#request.bytesOut = this.#heldBytes
    this.#held = []
  }

  #writeHead(): void {
    const isLast = this.#settings.isDraining()
    this.#request.outcome = { status: this.#status }
    this.#response.writeHead(this.#status, [
      ...this.#headers,
      ...standingHeaders(this.#response, this.#request, isLast),
    ])
  }

  #abort(error: Error): void {
    if (this.#phase === 'done') return
    this.#controller?.abort(error)
    this.#fail(error)
  }

  #fail(error: Error): void {
    if (this.#phase === 'done') return
    if (error instanceof ClientGoneError) {
      this.#request.outcome = clientClosed
      this.#finish(undefined)
    } else {
      this.#finish(upstreamFailure(error))
    }
  }

  /** Ends the exchange once; what comes later is ignored. */
  #finish(result: Result): void {
    if (this.#phase === 'done') return
    this.#phase = 'done'
    clearTimeout(this.#timer)
    this.#noteDuration()
    this.#settle(result)
  }
}
