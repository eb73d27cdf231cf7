import { type Answer, htmlAnswer, jsonAnswer } from './answer.ts'
import { BulkQueue } from './bulk/bulk-queue.ts'
import { bulkRoutes } from './bulk/bulk-routes.ts'
import { Catalogue } from './catalogue.ts'
import { filterFields } from './fields-filter.ts'
import { bodyOf, type Input, mergedInput, queryOf } from './input.ts'
import {
  badRequest,
  errorAnswer,
  MagentoError,
  noSuchEntity,
  unauthorised,
} from './magento-error.ts'
import { Nonces } from './oauth/nonces.ts'
import type { ReceivedRequest } from './received-log.ts'
import { resolveCaller } from './resolve-caller.ts'
import { matchRoute, type Route } from './route.ts'
import { swaggerDocument } from './schema/swagger.ts'
import { inventaireRoutes } from './services/inventaire.ts'
import { orderRoutes } from './services/orders.ts'
import { productRoutes } from './services/products.ts'
import { stockRoutes } from './services/stock.ts'
import { signInRoutes } from './sign-in/sign-in.ts'
import type { MagentoStandInOptions } from './stand-in.ts'
import { resolveTarget, type Target } from './target.ts'

const methods = ['GET', 'POST', 'PUT', 'DELETE']

/** Answers requests as a shop with its data does. */
export class Shop {
  readonly #options: MagentoStandInOptions
  readonly #nonces = new Nonces()
  #catalogue = new Catalogue()
  #queue = new BulkQueue(true)
  #routes: readonly Route[] = []

  constructor(options: MagentoStandInOptions) {
    this.#options = options
    this.reset()
  }

  reset(): void {
    const { admins = [], twoFactor = false, queue = 'auto' } = this.#options
    this.#nonces.clear()
    this.#catalogue = new Catalogue()
    this.#queue = new BulkQueue(queue === 'auto')
    this.#routes = [
      ...productRoutes(this.#catalogue),
      ...stockRoutes(this.#catalogue),
      ...orderRoutes(this.#catalogue),
      ...inventaireRoutes(this.#catalogue),
      ...signInRoutes({ admins, twoFactor }),
      ...bulkRoutes(this.#queue),
    ]
  }

  stock(sku: string): number | undefined {
    return this.#catalogue.quantity(sku)
  }

  async runQueue(): Promise<number> {
    return this.#queue.run()
  }

  answer(request: ReceivedRequest): Answer {
    try {
      const target = resolveTarget(request.rawTarget, ['default'])
      return target === undefined
        ? htmlAnswer(404, '404 Not Found')
        : this.#answerApi(request, target)
    } catch (error) {
      return errorAnswer(error)
    }
  }

  #answerApi(request: ReceivedRequest, target: Target): Answer {
    const { method } = request
    if (!methods.includes(method)) {
      throw new MagentoError(405, 'The %1 HTTP method is not supported.', { parameters: [method] })
    }
    const { integrations = [], admins = [] } = this.#options
    request.caller = resolveCaller(request, {
      integrations,
      admins,
      enableIntegrationAsBearer: this.#options.enableIntegrationAsBearer ?? false,
      dialect: this.#options.oauthDialect ?? '2.4.8',
      nonces: this.#nonces,
    })
    if (target.kind === 'schema') {
      const shown = this.#routes.filter((route) => this.#isAllowed(request, route))
      return jsonAnswer(200, swaggerDocument(shown, target.store))
    }
    return target.kind === 'sync' ? this.#call(request, target) : this.#enqueue(request, target)
  }

  #isAllowed({ caller }: ReceivedRequest, { resource }: Route): boolean {
    return resource === 'anonymous' || (caller !== undefined && caller.kind !== 'guest')
  }

  #checkAllowed(request: ReceivedRequest, route: Route): void {
    if (this.#isAllowed(request, route)) return
    throw unauthorised("The consumer isn't authorized to access %resources.", {
      resources: route.resource,
    })
  }

  #call(request: ReceivedRequest, { path }: Target): Answer {
    const match = matchRoute(this.#routes, request.method, path)
    if (match === undefined) throw noSuchEntity('Request does not match any route.')
    const { route, variables } = match
    this.#checkAllowed(request, route)
    const input = mergedInput(request, variables)
    const value = route.serve({ input, variables, caller: request.caller ?? { kind: 'guest' } })
    const { fields } = queryOf(request)
    return jsonAnswer(200, typeof fields === 'string' ? filterFields(value, fields) : value)
  }

  /** One call, or with `bulk` one for each item of the body (Magento: WebapiAsync). */
  #enqueue(request: ReceivedRequest, { kind, path }: Target): Answer {
    if (request.method === 'GET') throw badRequest('Specified request cannot be processed.')
    const isBulk = kind === 'bulk'
    const routes = isBulk ? this.#routes.map(asBulkRoute) : this.#routes
    const match = matchRoute(routes, request.method, path)
    if (match === undefined) throw noSuchEntity('Request does not match any route.')
    const { route, variables } = match
    this.#checkAllowed(request, route)
    const body = bodyOf(request)
    const bodies = isBulk ? Object.values(body as object).filter(isObject) : [body as Input]
    const topic = `async${route.path.replaceAll('/', '.').replaceAll(':', '')}.${request.method.toLowerCase()}`
    const calls = bodies.map((data) => ({
      data,
      run: () => {
        const values = isBulk ? stringsOf(data) : variables
        const input = { ...data, ...values }
        route.serve({ input, variables: values, caller: request.caller ?? { kind: 'guest' } })
      },
    }))
    return jsonAnswer(202, this.#queue.publish(topic, calls))
  }
}

function isObject(value: unknown): value is Input {
  return typeof value === 'object' && value !== null
}

/** In bulk, variables of the path travel in each item (Magento: WebapiAsync/Model/BulkServiceConfig.php). */
function asBulkRoute(route: Route): Route {
  const path = route.path.replace(
    /\/:(\w)(\w*)/g,
    (_, first: string, rest: string) => `/by${first.toUpperCase()}${rest}`,
  )
  return { ...route, path }
}

function stringsOf(data: Input): Record<string, string> {
  const entries = Object.entries(data).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number',
  )
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}
