import { lookup } from 'node:dns'
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { buildConnector, Pool } from 'undici'
import { originOf, type PublicOrigin } from '../contract/public-origin.ts'
import { type Lookup, sharedLookup } from '../contract/shared-lookup.ts'
import type { UpstreamConnections } from '../record/metrics/upstream-metrics.ts'
import type { RequestContext } from '../request-context.ts'
import type { AnswerSettings } from '../server/answer.ts'
import { AnswerRelay } from './answer-relay.ts'
import { prepareAttempts, type SendThroughGate } from './attempts.ts'
import { endWhenRead } from './end-when-read.ts'
import type { UpstreamGate } from './gate/upstream-gate.ts'
import type { MagentoSettings } from './magento-settings.ts'
import { outgoingRequests, type PrepareOutgoing } from './outgoing-request.ts'
import { prepareOwnRequests, type SendOwnRequest } from './own-request.ts'
import { requestHeaders } from './request-headers.ts'
import type { UpstreamAttempt } from './upstream-credentials.ts'
import { UnreachableError } from './upstream-failure.ts'
import { prepareUpstreamRequests, type SendUpstream } from './upstream-request.ts'
import { prepareUpstreamSignature } from './upstream-signature.ts'

/** How Magento is reached, of all that is configured of it. */
type ConnectionSettings = Pick<
  MagentoSettings,
  'url' | 'publicUrl' | 'upstreamSignature' | 'caFile' | 'connections' | 'timeouts'
>

/** Connections to Magento, and requests of the gateway's own over them. */
export interface MagentoConnection {
  readonly pool: Pool
  readonly outgoing: PrepareOutgoing
  /** Scheme, host and port at which the gateway reaches Magento. */
  readonly internalOrigin: string
  /** What Magento believes its address to be. */
  readonly publicOrigin: PublicOrigin
  /** Sends a request of the gateway's own. */
  readonly sendOwn: SendOwnRequest
  /** How many connections are open and in use. */
  readonly connections: () => UpstreamConnections
  /** Closes all connections, including those in use. */
  readonly close: () => Promise<void>
}

/** The same with the requests of integrations. */
export interface Magento extends MagentoConnection {
  /** Sends a request and passes the answer to the caller; gives what is to be answered instead of an answer of Magento. */
  readonly forward: SendThroughGate<RequestContext, ServerResponse>
  /** Sends a request for an endpoint or a job, and waits for the whole answer. */
  readonly send: SendUpstream
}

/** Opens a pool of connections to Magento. */
export function openConnection(settings: ConnectionSettings): MagentoConnection {
  const { url, connections, timeouts, upstreamSignature } = settings
  const internalOrigin = new URL(url).origin
  const publicOrigin = originOf(new URL(settings.publicUrl ?? url))
  const outgoing = outgoingRequests(
    upstreamSignature && prepareUpstreamSignature(upstreamSignature, publicOrigin),
  )
  const pool = new Pool(internalOrigin, {
    connections,
    pipelining: 1,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyMs,
    connect: connectorTo(settings),
  })
  return {
    pool,
    outgoing,
    internalOrigin,
    publicOrigin,
    sendOwn: prepareOwnRequests(pool, { publicOrigin, outgoing, totalMs: timeouts.totalMs }),
    connections: () => {
      const { connected, running } = pool.stats
      return { open: connected, busy: running, limit: connections }
    },
    close: () => pool.destroy(),
  }
}

/**
 * Connects to Magento for the requests of integrations. A request is forwarded with exactly the path, query and body
 * bytes that arrived, unless the credentials need the query in another form. It is sent once: undici
 * repeats only what it has not begun to send, and a second attempt is made only where Magento has refused
 * the credential of the first, and so has carried nothing out.
 * @param gate passed by every request that is made for an integration
 */
export function connectMagento(
  settings: ConnectionSettings,
  answers: AnswerSettings,
  gate: UpstreamGate,
): Magento {
  const connection = openConnection(settings)
  const { pool, outgoing, internalOrigin, publicOrigin } = connection
  const { headersMs, totalMs } = settings.timeouts
  const relaySettings = { ...answers, internalOrigin }
  // With less than half of its time, a Magento that works may be cut off.
  const fairMs = Math.min(headersMs, totalMs) / 2

  function sendOnce(
    request: RequestContext,
    response: ServerResponse,
    attempt: UpstreamAttempt,
    spanId: string,
    leftMs: number,
  ): AnswerRelay['over'] | undefined {
    // The caller may have left while the request waited or a token was fetched.
    if (response.destroyed && !request.outlivesCaller) return undefined
    const { query, after } = attempt
    const relay = new AnswerRelay(request, response, relaySettings, {
      spanId,
      totalMs: leftMs,
      after,
    })
    const { method, body } = request
    const { path } = request.target
    const headers = requestHeaders(request, publicOrigin, attempt, spanId)
    pool.dispatch(outgoing({ method, path, query, headers, body }), relay)
    return relay.over
  }

  return {
    ...connection,
    forward: prepareAttempts(gate, fairMs, sendOnce),
    send: prepareUpstreamRequests(pool, { ...connection, totalMs, fairMs, gate }),
  }
}

/**
 * Connections to Magento have two lookups at once, others only one (cli/share-lookups.ts): a question that is lost on its
 * way is asked again only after five seconds, and all that waited for the answer would fail.
 */
const lookupMagento = sharedLookup(lookup as Lookup, 2) as typeof lookup

/**
 * Makes connections. Errors while they are made say that nothing was sent, which the code of an error alone does not
 * tell.
 */
function connectorTo({ timeouts, caFile }: ConnectionSettings): buildConnector.connector {
  const connect = buildConnector({
    timeout: timeouts.connectMs,
    rejectUnauthorized: true,
    lookup: lookupMagento,
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
  })
  return (options, callback) =>
    connect(options, (...result) => {
      const [error, socket] = result
      if (error === null) callback(null, endWhenRead(socket.on('error', renameReset)))
      else callback(new UnreachableError(error), null)
    })
}

/**
 * undici takes a reset for the regular end of an answer that ends with its connection (lib/dispatcher/client-h1.js,
 * onHttpSocketError), but such an answer is incomplete (RFC 9112, section 8). So a reset gets undici's own code of a lost
 * connection, before undici sees it.
 */
function renameReset(error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'UND_ERR_SOCKET'
}
