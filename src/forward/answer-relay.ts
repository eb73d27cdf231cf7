import type { ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Dispatcher } from 'undici'
import type { UpstreamExchange } from '../contract/upstream-exchange.ts'
import type { Rejection } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import {
  type AnswerSettings,
  boundReading,
  clientClosed,
  endWhole,
  noteWhole,
  unrecorded,
} from '../server/answer.ts'
import { breakOff } from '../server/break-off.ts'
import { atEndOfTurn } from '../server/end-of-turn.ts'
import { withStandingHeaders } from '../server/standing-headers.ts'
import { firstValue, isTransferCoded } from '../syntax/headers.ts'
import { awaitCredential, beginExchange } from './attempts.ts'
import { type HeldBack, holdBack } from './hold-back.ts'
import { holdLimitOf } from './hold-limit.ts'
import { receivedFields } from './received-fields.ts'
import { responseHeaders } from './response-headers.ts'
import type { UpstreamAttempt } from './upstream-credentials.ts'
import {
  ClientGoneError,
  errorPage,
  TotalTimeoutError,
  TransferCodingError,
  upstreamFailure,
} from './upstream-failure.ts'

/** How much of an error page is read and discarded to save its connection; beyond that it is closed. */
const discardLimitBytes = 65_536

const noBytes = Buffer.alloc(0)

/** Answers to reads that arrive in the same turn are passed on together. */
const passOnAtEndOfTurn = atEndOfTurn<() => void>((passOn) => passOn())

/**
 * How far an answer has come. `waiting`: nothing has arrived. `holding`: its body is collected, so that it
 * can be passed on whole. `whole`: it has all arrived. `streaming`: it is too long to hold and is passed on as
 * it arrives. `discarding`: it is an error page that the caller does not get. `done`: the exchange is over.
 */
type Phase = 'waiting' | 'holding' | 'whole' | 'streaming' | 'discarding' | 'done'

/** The result of an exchange. */
type Result = Rejection | UpstreamAttempt | undefined

/** What a relay depends on besides request and response. */
export interface RelaySettings extends AnswerSettings {
  /** Scheme, host and port at which the gateway reaches Magento. */
  readonly internalOrigin: string
}

/** What a relay depends on that differs from one exchange to the next. */
export interface RelayedExchange {
  /** W3C Trace Context parent id that Magento is sent. */
  readonly spanId: string
  /** Most for the whole exchange, milliseconds. */
  readonly totalMs: number
  readonly after: UpstreamAttempt['after']
}

/**
 * Passes Magento's answer to the caller, at the pace at which the caller reads. A short answer is held until
 * all of it has arrived, a long one is streamed.
 */
export class AnswerRelay implements Dispatcher.DispatchHandler {
  readonly #over = Promise.withResolvers<Result>()
  /**
   * Resolves when the exchange is over: with a rejection to be answered, or with the attempt to make next, or
   * with undefined when nothing is left to be answered. Rejects for a defect.
   */
  readonly over = this.#over.promise
  readonly #request: RequestContext
  readonly #response: ServerResponse
  readonly #settings: RelaySettings
  readonly #exchange: UpstreamExchange
  readonly #timer: NodeJS.Timeout
  #lastTurn: NodeJS.Immediate | undefined
  readonly #after: UpstreamAttempt['after']
  #controller: Dispatcher.DispatchController | undefined
  #phase: Phase = 'waiting'
  #status = 0
  #headers: string[] = []
  #held: Buffer[] = []
  #heldBytes = 0
  #discardedBytes = 0
  // Of a streamed answer to a write, whose last piece is sent once its record is written.
  #heldBack: HeldBack | undefined

  constructor(
    request: RequestContext,
    response: ServerResponse,
    settings: RelaySettings,
    { spanId, totalMs, after }: RelayedExchange,
  ) {
    this.#request = request
    this.#response = response
    this.#settings = settings
    this.#after = after
    this.#exchange = beginExchange(request, spanId, settings.internalOrigin)
    const giveUp = () => this.#abort(new TotalTimeoutError())
    this.#timer = setTimeout(() => {
      // After a process was suspended, Node calls timers before it reads what has arrived meanwhile.
      if (this.#controller !== undefined) this.#lastTurn = setImmediate(giveUp)
      else giveUp()
    }, totalMs)
    request.fill?.onUnwanted(() => this.#abort(new ClientGoneError()))
    // Ahead of the listener that records the request, which is to see how the exchange ended.
    response.prependListener('close', () => {
      if (request.outlivesCaller) {
        // An answer too long to be kept is read to its end.
        if (this.#phase === 'streaming') this.#controller?.resume()
        return
      }
      if (!response.writableFinished) this.#abort(new ClientGoneError())
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // By the time a connection was free, nobody wanted the answer any more.
    if (this.#phase === 'done') controller.abort(new ClientGoneError())
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // Informational answers, 1xx, belong to this hop.
    if (status < 200 || this.#phase === 'done') return
    this.#exchange.status = status
    const raw = receivedFields(controller.rawHeaders as Buffer[])
    if (isTransferCoded(firstValue(raw, 'transfer-encoding'))) {
      this.#abort(new TransferCodingError())
      return
    }
    const page = errorPage(status, firstValue(raw, 'content-type'), firstValue(raw, 'retry-after'))
    if (page !== undefined) {
      this.#phase = 'discarding'
      this.#noteDuration()
      this.#over.resolve(page)
      return
    }
    this.#request.fill?.inspect(status, raw)
    this.#status = status
    this.#headers = responseHeaders(raw, status, this.#settings.internalOrigin)
    this.#phase = 'holding'
    if (status !== 401) void this.#after?.(status, noBytes)
    // Content-Length of a 304 is that of the answer which the caller has already (RFC 9110, section 8.6). undici
    // would report those bytes as missing.
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
      // undici goes on with an empty piece, which would have the one sent that is kept back.
      if (this.#response.destroyed || chunk.length === 0) return
      this.#request.bytesOut += chunk.length
      if (!this.#response.write(this.#heldBack?.next(chunk) ?? chunk)) {
        controller.pause()
        this.#response.once('drain', () => controller.resume())
      }
    } else if (this.#phase === 'discarding') {
      this.#discardedBytes += chunk.length
      if (this.#discardedBytes > discardLimitBytes) this.#abort(new Error('long error page'))
    }
  }

  onResponseEnd(): void {
    clearImmediate(this.#lastTurn)
    if (this.#phase === 'holding') this.#takeWhole()
    else if (this.#phase === 'streaming') {
      this.#end((mayAnswer) => {
        if (mayAnswer) this.#response.end(this.#heldBack?.last())
        else breakOff(this.#response)
      })
    } else if (this.#phase !== 'whole') this.#finish(undefined)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#phase !== 'whole') this.#fail(error)
  }

  /** The answer has all arrived: it is passed on when its turn comes. */
  #takeWhole(): void {
    this.#phase = 'whole'
    this.#noteDuration()
    // The answer to a write waits for its record in any case.
    if (this.#request.method === 'GET') passOnAtEndOfTurn(() => this.#passOn())
    else this.#passOn()
  }

  /** Passes on a held answer, unless it calls for another attempt. */
  #passOn(): void {
    if (this.#phase === 'done') return
    const [first = noBytes] = this.#held
    const body = this.#held.length <= 1 ? first : Buffer.concat(this.#held)
    if (this.#status !== 401 || this.#after === undefined) {
      try {
        this.#answer(body)
      } catch (error) {
        this.#break(error)
      }
      return
    }
    awaitCredential(this.#request, Promise.try(this.#after, 401, body))
      .then((next) => (next === undefined ? this.#answer(body) : this.#finish(next)))
      .catch((error: unknown) => this.#break(error))
  }

  /** Gives a held answer to the cache, or passes it on in one piece. */
  #answer(body: Buffer): void {
    if (this.#phase === 'done') return
    if (this.#request.fill?.take(this.#status, this.#headers, body)) {
      this.#finish(undefined)
      return
    }
    if (body.length > 0 && firstValue(this.#headers, 'content-length') === undefined) {
      this.#headers.push('Content-Length', String(body.length))
    }
    noteWhole(this.#request, this.#status, this.#headers, body)
    this.#end((mayAnswer) => {
      if (!mayAnswer) return this.#finish(unrecorded)
      this.#writeHead()
      endWhole(this.#response, body)
      this.#request.inspectAnswer?.(this.#status, body)
    })
  }

  /** Ends an answer that has all arrived, as soon as the request may be answered. */
  #end(end: (mayAnswer: boolean) => void): void {
    clearTimeout(this.#timer)
    this.#noteDuration()
    this.#settings.beforeEnd(this.#request, (mayAnswer) => {
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

  #noteDuration(): void {
    this.#exchange.durationMs ??= performance.now() - this.#exchange.startedAt
  }

  /** Goes over to passing the answer on as it arrives. */
  #stream(): void {
    const { fill, method } = this.#request
    fill?.letGo()
    if (fill !== undefined && this.#response.destroyed) {
      this.#abort(new ClientGoneError())
      return
    }
    if (method !== 'GET') this.#heldBack = holdBack()
    this.#phase = 'streaming'
    this.#request.outcome = { status: this.#status }
    this.#writeHead()
    // If an earlier answer on the connection has its turn first, the head takes its place in what waits: see `endWhole`.
    if (this.#response.socket === null) this.#response.write('', 'latin1')
    for (const chunk of this.#held) this.#response.write(this.#heldBack?.next(chunk) ?? chunk)
    this.#request.bytesOut = this.#heldBytes
    this.#held = []
  }

  #writeHead(): void {
    const isLast = this.#settings.isDraining()
    const headers = withStandingHeaders(this.#headers, this.#response, this.#request, isLast)
    this.#response.writeHead(this.#status, headers)
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
      return
    }
    const failure = upstreamFailure(error)
    if (failure === undefined) this.#break(error)
    else this.#finish(failure)
  }

  /** Ends the exchange with a defect, which would end the process if it were thrown to undici or a timer. */
  #break(defect: unknown): void {
    this.#over.reject(defect)
    this.#finish(undefined)
  }

  /** Ends the exchange; only the first call counts. */
  #finish(result: Result): void {
    if (this.#phase === 'done') return
    this.#phase = 'done'
    clearTimeout(this.#timer)
    this.#noteDuration()
    this.#over.resolve(result)
  }
}
