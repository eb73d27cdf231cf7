import { createHmac } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import handleConfig from 'http-cache-tests/server/handle-config.mjs'
import handleState from 'http-cache-tests/server/handle-state.mjs'
import handleTest from 'http-cache-tests/server/handle-test.mjs'
import { testEnv } from '../support/gateway.ts'
import { send } from '../support/http-client.ts'

/** The server of the suite; what is a test stands where Magento has products. */
export function createOrigin(): Server {
  const serve: RequestListener = (request, response) => {
    const [kind, ...segments] = (request.url ?? '')
      .replace(/^\/rest\/V1\/products/, '/test')
      .replace(/\?.*/, '')
      .split('/')
      .slice(1)
    if (kind === 'config') handleConfig(segments, request, response)
    else if (kind === 'state') handleState(segments, request, response)
    else {
      // The gateway passes on what fails where it is Magento's, which speaks JSON.
      const setHeader = response.setHeader.bind(response)
      response.setHeader = (name, value) =>
        setHeader(name, value === 'text/plain' ? 'application/json' : value)
      // By the clock of the test, which is not that of Node.
      const writeHead = response.writeHead.bind(response)
      response.writeHead = (status: number, ...head: never[]) => {
        if (!response.hasHeader('Date')) setHeader('Date', new Date(Date.now()).toUTCString())
        return writeHead(status, ...head)
      }
      handleTest(segments, request, response)
    }
  }
  // With that of Node, the gateway would have timers as long as a pause of the suite.
  return createServer({ keepAliveTimeout: 60_000 }, serve)
}

/** As much of a request of `fetch` as the suite uses. */
interface SuiteRequest {
  readonly method?: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body?: string
}

/**
 * What the suite sends its requests with: a test goes through the gateway, as an integration would send it; the
 * rest to the server itself. It is no `fetch`, which puts directives of its own on requests that have conditions.
 */
export function fetchThrough(gatewayUrl: string, originUrl: string) {
  return async (url: string, request: SuiteRequest = { headers: [] }) => {
    const path = url.slice(originUrl.length)
    const isTest = path.startsWith('/test/')
    // The gateway takes no other bodies.
    const body = request.body !== undefined && isTest ? '{}' : (request.body ?? '')
    const headers: Record<string, string> = {}
    for (const [name, value] of request.headers) headers[name] = value
    if (isTest) {
      const signature = createHmac('sha256', testEnv.ACME_HMAC_SECRET).update(body).digest('hex')
      Object.assign(headers, { 'X-Integration-Id': 'suite', 'X-Signature': signature })
      if (body !== '') headers['Content-Type'] = 'application/json'
    }
    const {
      status,
      rawHeaders,
      body: text,
    } = await send(isTest ? gatewayUrl : originUrl, {
      method: request.method ?? 'GET',
      path: isTest ? path.replace('/test', '/rest/V1/products') : path,
      headers,
      body,
    })
    const fields = new Headers()
    for (let index = 0; index < rawHeaders.length; index += 2) {
      fields.append(rawHeaders[index] as string, rawHeaders[index + 1] as string)
    }
    return { status, headers: fields, text: async () => text }
  }
}
