import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'
import { answerFaultily } from './answer-faultily.ts'
import type { AdminCredentials, IntegrationCredentials, OauthDialect } from './credentials.ts'
import { receive, sendAnswer } from './exchange.ts'
import type { Fault } from './fault.ts'
import { Listener } from './listener.ts'
import { ReceivedLog, type ReceivedRequest } from './received-log.ts'
import { Shop } from './shop.ts'

/** How a stand-in is set up; everything may be left out. */
export interface MagentoStandInOptions {
  readonly integrations?: readonly IntegrationCredentials[]
  readonly admins?: readonly AdminCredentials[]
  /** Magento: oauth/consumer/enable_integration_as_bearer. Default false, as since 2.4.4. */
  readonly enableIntegrationAsBearer?: boolean
  /** Administrators get tokens from the second factor's route only. Default false. */
  readonly twoFactor?: boolean
  /** Default `2.4.8`. */
  readonly oauthDialect?: OauthDialect
  /** `auto` runs asynchronous operations on the next turn of the event loop. Default `auto`. */
  readonly queue?: 'auto' | 'manual'
  /** How many received requests are kept. Default 10,000. */
  readonly receivedLimit?: number
  /** Where it listens. Default any port that is free. */
  readonly port?: number
}

/** A shop that answers as Magento does, over a real port. */
export interface MagentoStandIn extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash at its end. */
  readonly url: string
  readonly port: number
  /** What arrived, oldest first, complete requests and aborted ones. The array is live. */
  readonly received: readonly ReceivedRequest[]
  readonly clearReceived: () => void
  /** The next request that is complete after this call. */
  readonly nextRequest: () => Promise<ReceivedRequest>
  /** The next so many requests that are complete after this call. */
  readonly nextRequests: (count: number) => Promise<ReceivedRequest[]>
  /**
   * Misbehaves from now on, in the place of any earlier fault; resolves when that is in force.
   * `match` limits it: to raw targets that start with a string, or to requests a function is true of.
   */
  readonly setFault: (
    fault: Fault,
    match?: string | ((request: ReceivedRequest) => boolean),
  ) => Promise<void>
  /** Behaves again; resolves when that is in force. */
  readonly clearFault: () => Promise<void>
  /** Quantity of a SKU in the default source; undefined for a SKU the shop does not have. */
  readonly stock: (sku: string) => number | undefined
  /** Executes the asynchronous operations that wait; resolves with their number. */
  readonly runQueue: () => Promise<number>
  /** Products, orders, queue, nonces, lock-outs, fault and log as at the start. */
  readonly reset: () => Promise<void>
  /** Ends all connections and resolves when the port is free. */
  readonly close: () => Promise<void>
}

/** Starts a stand-in and resolves when it listens. */
export async function startMagentoStandIn(
  options: MagentoStandInOptions = {},
): Promise<MagentoStandIn> {
  const shop = new Shop(options)
  const log = new ReceivedLog(options.receivedLimit ?? 10_000)
  let fault:
    | { readonly kind: Fault; readonly hits: (request: ReceivedRequest) => boolean }
    | undefined

  const onRequest = async (incoming: IncomingMessage, response: ServerResponse) => {
    const exchange = await receive(incoming, response)
    const { request } = exchange
    const current = fault
    log.add(request)
    if (request.aborted) return
    const work = async (): Promise<Answer> => shop.answer(request)
    if (current?.hits(request)) await answerFaultily(current.kind, exchange, work)
    else sendAnswer(exchange, await work())
  }
  const listener = await Listener.open(
    (incoming, response) => void onRequest(incoming, response),
    options.port ?? 0,
  )

  const clearFault = async () => {
    fault = undefined
    await listener.resume()
  }
  const close = () => listener.pause()
  return {
    get url() {
      return `http://127.0.0.1:${listener.port}`
    },
    get port() {
      return listener.port
    },
    received: log.requests,
    clearReceived: () => log.clear(),
    nextRequests: (count) => log.next(count),
    nextRequest: async () => (await log.next(1))[0] as ReceivedRequest,
    setFault: async (kind, match = '') => {
      fault = {
        kind,
        hits: typeof match === 'string' ? (request) => request.rawTarget.startsWith(match) : match,
      }
      if (kind.kind === 'refuse') await listener.pause()
      else await listener.resume()
    },
    clearFault,
    stock: (sku) => shop.stock(sku),
    runQueue: () => shop.runQueue(),
    reset: async () => {
      await clearFault()
      log.clear()
      shop.reset()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
