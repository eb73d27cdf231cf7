import type { Socket } from 'node:net'
import { freePort } from './free-port.ts'
import { globex, startGateway, type TestGateway } from './gateway.ts'
import { type ClientAnswer, globexHeaders, send, writeOf } from './http-client.ts'
import {
  answerWith,
  type RawUpstream,
  startRawUpstream,
  type UpstreamAnswer,
} from './raw-upstream.ts'
import { startRedis, type TestRedis } from './redis.ts'

/** Where answers are kept. */
export type StoreKind = 'memory' | 'Redis'

/** A gateway with cached routes before an upstream that answers as it is told. */
export interface CachedShop extends AsyncDisposable {
  readonly gateway: TestGateway
  /** The gateway, and another one over the same Redis. */
  readonly gateways: readonly TestGateway[]
  readonly upstream: RawUpstream
  readonly redis: TestRedis | undefined
  /** Answers every further request so; until it is told otherwise. */
  respond: (socket: Socket, request: string) => void
  /**
   * Lets the next request wait; resolves when it is there, with what answers it. What is left out of the answer is as
   * Magento has it, with a body that no other answer has.
   */
  readonly holdNext: () => Promise<(answer?: UpstreamAnswer) => void>
  /** Sends a GET. */
  readonly get: (
    path: string,
    headers?: Readonly<Record<string, string | readonly string[]>>,
  ) => Promise<ClientAnswer>
  /** Sends a write with a JSON body. */
  readonly write: (method: string, path: string, body?: object) => Promise<ClientAnswer>
}

/** Headers with which Magento answers its REST API. */
export const magentoHeaders = {
  'Content-Type': 'application/json; charset=utf-8',
  'Cache-Control': 'no-store, no-cache, must-revalidate, max-age=0',
  Pragma: 'no-cache',
  Expires: 'Thu, 28 Nov 2024 09:00:00 GMT',
}

const cachedRoutes = {
  'GET /V1/products': { ttlSeconds: 600 },
  'GET /V1/products/:sku': { ttlSeconds: 600, staleIfErrorSeconds: 600 },
  'GET /V1/products/attribute-sets/sets/list': { ttlSeconds: 600 },
  'GET /V1/configurable-products/:sku/children': { ttlSeconds: 600 },
  'GET /V1/stockItems/:productSku': { ttlSeconds: 600 },
  'GET /V1/inventory/:resource': { ttlSeconds: 600 },
  'GET /V1/eav/attribute-sets/list': { ttlSeconds: 600 },
  'GET /V1/orders/:id': { ttlSeconds: 600 },
  'GET /V1/orders': { ttlSeconds: 600 },
  'GET /V1/orders/items': { ttlSeconds: 600 },
  'GET /V1/directory/countries': { ttlSeconds: 600, shared: true },
  'GET /V1/store/websites': { ttlSeconds: 600, shared: true, upstream: 'obey' },
  'GET /V1/erp/lines/:line': { ttlSeconds: 600 },
  'GET /V1/magefine/inventaire/:sku': { ttlSeconds: 600 },
}

const writeRoutes = [
  'POST /V1/products',
  'PUT /V1/products/:sku',
  'DELETE /V1/products/:sku',
  'POST /V1/products/attributes',
  'POST /V1/products/attribute-sets',
  'POST /V1/eav/attribute-sets',
  'POST /V1/products/tier-prices-information',
  'POST /V1/inventory/source-items',
  'PUT /async/bulk/V1/products/bySku',
  'POST /V1/order/:orderId/ship',
  'PUT /V1/carts/:cartId/order',
  'POST /V1/carts',
  'POST /V1/erp/lines',
  'POST /V1/magefine/inventaire',
]

/** Settings of an integration with every cached route. */
export const cachingIntegration = {
  ...globex,
  policies: {
    routes: [...Object.keys(cachedRoutes), ...writeRoutes],
    cache: cachedRoutes,
    searchCriteria: { mode: 'off' },
  },
}

const otherToken = 'other-token-7f3a9c2e11'

/** Headers of a second integration, with the same routes. */
export const otherHeaders = { Authorization: `Bearer ${otherToken}` }

/** Starts a gateway, or two of them over one Redis. */
export async function startCachedShop(
  kind: StoreKind,
  changes: {
    readonly gateway?: Readonly<Record<string, object>>
    readonly integration?: Readonly<Record<string, unknown>>
    /** Of the second integration. */
    readonly other?: Readonly<Record<string, unknown>>
    readonly endpoints?: Readonly<Record<string, unknown>>
    readonly env?: Readonly<Record<string, string>>
  } = {},
): Promise<CachedShop> {
  // Where a gateway does not start, the others end too.
  await using started = new AsyncDisposableStack()
  const redis = kind === 'Redis' ? started.use(await startRedis()) : undefined
  let answered = 0
  const unlikeOthers = (socket: Socket, answer: UpstreamAnswer = {}) => {
    answered += 1
    answerWith(socket, {
      headers: magentoHeaders,
      body: `{"name":"answer ${answered}"}`,
      ...answer,
    })
  }
  const upstream = started.use(
    await startRawUpstream(
      (socket, request) => shop.respond(socket, request),
      undefined,
      await freePort(),
    ),
  )
  const options = {
    magentoUrl: upstream.url,
    gateway: {
      ...changes.gateway,
      ...(redis && { store: { redis: 'env:REDIS', deadlineMs: 2_000, ...changes.gateway?.store } }),
    },
    ...(changes.endpoints && { endpoints: changes.endpoints }),
    integrations: [
      { ...cachingIntegration, ...changes.integration },
      {
        ...cachingIntegration,
        name: 'other',
        credentials: { token: 'env:OTHER_TOKEN' },
        ...changes.other,
      },
    ],
    env: { OTHER_TOKEN: otherToken, ...changes.env, ...(redis && { REDIS: redis.url }) },
  }
  const gateways = [started.use(await startGateway(options))]
  if (redis !== undefined) gateways.push(started.use(await startGateway(options)))
  const [gateway] = gateways as [TestGateway]
  const shop: CachedShop = {
    gateway,
    gateways,
    upstream,
    redis,
    respond: (socket) => unlikeOthers(socket),
    holdNext: () => {
      const arrived = Promise.withResolvers<(answer?: UpstreamAnswer) => void>()
      shop.respond = (socket) => {
        shop.respond = (next) => unlikeOthers(next)
        arrived.resolve((answer) => unlikeOthers(socket, answer))
      }
      return arrived.promise
    },
    get: (path, headers = {}) =>
      send(gateway.url, { path, headers: { ...globexHeaders, ...headers } }),
    write: (method, path, body = {}) => send(gateway.url, writeOf(body, { method, path })),
    [Symbol.asyncDispose]: () => stopAll.disposeAsync(),
  }
  const stopAll = started.move()
  return shop
}
