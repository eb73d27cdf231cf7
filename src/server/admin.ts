import { hash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Secret } from '../contract/secret.ts'
import type { Reload, ReloadOutcome } from '../generation/reload.ts'
import type { Metrics } from '../record/metrics.ts'

/** Where the admin listener gets its answers from. */
export interface AdminSources {
  /** Why the gateway should get no traffic; empty when it is ready. */
  readonly notReady: () => readonly string[]
  /** What else `/readyz` shows the operator; it does not decide whether the gateway is ready. */
  readonly details: () => object
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>
  readonly reload: Reload
  /** The token that a reload demands; without one, nobody may ask for a reload. */
  readonly token: () => Secret | undefined
}

/**
 * Makes the admin server: `/livez` (the process runs), `/readyz` (send it traffic), `/metrics` and, where
 * there is a token, `POST /reload`. Nothing else on it is authenticated, so it is for the operator's network
 * only.
 */
export function createAdminServer(sources: AdminSources): Server {
  const { notReady, details, metrics, reload, token } = sources
  return createServer(async (request, response) => {
    const expected = token()
    if (request.url === '/reload' && expected !== undefined) {
      return answerReload(request, response, expected, reload)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      return sendJson(response, 405, { status: 'method not allowed' })
    }
    if (request.url === '/livez') return sendJson(response, 200, { status: 'ok' })
    if (request.url === '/readyz') {
      const reasons = notReady()
      return reasons.length === 0
        ? sendJson(response, 200, { status: 'ok', ...details() })
        : sendJson(response, 503, { status: 'not ready', reasons, ...details() })
    }
    if (request.url === '/metrics') {
      response.writeHead(200, { 'Content-Type': metrics.contentType })
      // Whoever asked may go away meanwhile.
      return pipeline(metrics.text(), response).catch(() => undefined)
    }
    sendJson(response, 404, { status: 'not found' })
  })
}

const statuses: Readonly<Record<ReloadOutcome['status'], number>> = {
  reloaded: 200,
  refused: 422,
  failed: 500,
  stopping: 503,
}

async function answerReload(
  request: IncomingMessage,
  response: ServerResponse,
  token: Secret,
  reload: Reload,
): Promise<void> {
  // A body means nothing here.
  request.resume()
  if (request.method !== 'POST') {
    response.setHeader('Allow', 'POST')
    return sendJson(response, 405, { status: 'method not allowed' })
  }
  if (!presentsToken(request.headers.authorization, token)) {
    response.setHeader('WWW-Authenticate', 'Bearer realm="magegate admin"')
    return sendJson(response, 401, { status: 'unauthenticated' })
  }
  const outcome = await reload()
  sendJson(response, statuses[outcome.status], outcome)
}

/**
 * Whether an `Authorization` header presents the bearer token (RFC 6750, section 2.1). It compares digests in
 * constant time, so that the time taken reveals nothing about the token, not even its length.
 */
function presentsToken(authorization: string | undefined, token: Secret): boolean {
  const presented = /^bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? ''
  const digest = (text: string) => hash('sha256', text, 'buffer')
  return timingSafeEqual(digest(presented), digest(token.reveal()))
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  response.end(JSON.stringify(body))
}
