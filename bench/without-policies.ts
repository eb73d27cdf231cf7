import type { IncomingMessage, ServerResponse } from 'node:http'
import httpProxy from '@fastify/http-proxy'
import { fastify } from 'fastify'
import { Pool } from 'undici'
import { allowedMethods } from '../src/admit/request-framing.ts'
import { fieldsWhere } from '../src/syntax/headers.ts'
import { reportUsage } from './accounting.ts'

/*
 * The parts that the gateway is made of, and nothing that it does: Fastify, the plugin with a handler, a pool of
 * connections. No gateway of these parts can cost less. Argument: the upstream.
 */
const upstream = process.argv[2] ?? ''
const pool = new Pool(upstream, { connections: 128, pipelining: 1 })
const ofOneHop = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'transfer-encoding',
])

function isPassedOn(name: string): boolean {
  return !ofOneHop.has(name)
}

/** Sends a request as it is, and its answer in one piece. */
function forward(request: IncomingMessage, response: ServerResponse, body: Buffer | null): void {
  const chunks: Buffer[] = []
  let status = 0
  let headers: string[] = []
  pool.dispatch(
    {
      path: request.url ?? '',
      method: request.method ?? '',
      headers: fieldsWhere(request.rawHeaders, isPassedOn),
      body,
    },
    {
      onRequestStart: () => undefined,
      onResponseStart: (controller, statusCode) => {
        status = statusCode
        const raw = (controller.rawHeaders as Buffer[]).map((part) => part.toString('latin1'))
        headers = fieldsWhere(raw, isPassedOn)
      },
      onResponseData: (_controller, chunk) => void chunks.push(chunk),
      onResponseEnd: () => {
        response.writeHead(status, headers)
        response.end(Buffer.concat(chunks).toString('latin1'), 'latin1')
      },
      onResponseError: () => response.destroy(),
    },
  )
}

const app = fastify()
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
await app.register(httpProxy, {
  upstream,
  httpMethods: [...allowedMethods],
  proxyPayloads: false,
  handler: (request, reply) => {
    reply.hijack()
    forward(request.raw, reply.raw, request.body instanceof Buffer ? request.body : null)
  },
})
reportUsage(await app.listen({ host: '127.0.0.1', port: 0 }))
