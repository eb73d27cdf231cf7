import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Metrics } from './record/metrics.ts'

/** What the admin listener tells. */
export interface AdminSources {
  /** What keeps the gateway from taking traffic; empty when it is ready. */
  readonly notReady: () => readonly string[]
  readonly metrics: Metrics
}

/**
 * Makes the admin server: `/livez` (the process runs), `/readyz` (send it traffic) and `/metrics`.
 * It is for the operator's network only and has no authentication.
 */
export function createAdminServer({ notReady, metrics }: AdminSources): Server {
  return createServer(async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      return sendJson(response, 405, { status: 'method not allowed' })
    }
    if (request.url === '/livez') return sendJson(response, 200, { status: 'ok' })
    if (request.url === '/readyz') {
      const reasons = notReady()
      return reasons.length === 0
        ? sendJson(response, 200, { status: 'ok' })
        : sendJson(response, 503, { status: 'not ready', reasons })
    }
    if (request.url === '/metrics') {
      response.writeHead(200, { 'Content-Type': metrics.contentType })
      response.end(await metrics.text())
      return
    }
    sendJson(response, 404, { status: 'not found' })
  })
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  response.end(JSON.stringify(body))
}
