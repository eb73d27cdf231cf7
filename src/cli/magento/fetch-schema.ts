import {
  operationsOf,
  parseSwagger,
  type SwaggerDocument,
} from '../../authorize/magento-contract/swagger.ts'
import type { SendOwnRequest } from '../../forward/own-request.ts'
import type { AuthorizeUpstream, UpstreamAttempt } from '../../forward/upstream-credentials.ts'
import type { Rejection } from '../../problem.ts'

const query = 'services=all'

/**
 * Fetches the schema of the shop as the credentials see it, and marks what a guest sees as well (Magento:
 * Webapi/Controller/Rest/SchemaRequestProcessor.php), because Magento serves that to anybody.
 * @param store store code, such as `all`
 * @throws {Error} when there is no such document; its message says why and holds no secret
 */
export async function fetchSchema(
  send: SendOwnRequest,
  authorize: AuthorizeUpstream,
  store: string,
): Promise<SwaggerDocument> {
  const path = `/rest/${store}/schema`
  const first = await authorize({ method: 'GET', target: { path, query }, header: () => undefined })
  const document = await fetchWith(send, first, path)
  const forGuests = await fetchWith(send, { authorization: undefined, query }, path).catch(
    // A shop may show guests nothing; then it is not known which routes are open to them.
    () => undefined,
  )
  if (forGuests === undefined) return document
  return { ...document, 'x-anonymous': operationsOf(forGuests).map(([route]) => route) }
}

async function fetchWith(
  send: SendOwnRequest,
  first: UpstreamAttempt | Rejection,
  path: string,
): Promise<SwaggerDocument> {
  let attempt = first
  for (;;) {
    if ('code' in attempt) throw new Error(attempt.reason)
    const { authorization, query: sentQuery, after } = attempt
    const headers = ['accept', 'application/json']
    if (authorization !== undefined) headers.push('authorization', authorization)
    const { status, body } = await send({ method: 'GET', path, query: sentQuery, headers })
    const next = await after?.(status, Buffer.from(status === 401 ? body : ''))
    if (next !== undefined) {
      attempt = next
      continue
    }
    if (status !== 200) throw new Error(`Magento answered ${status} to ${path}`)
    const document = parseSwagger(body)
    if (document === undefined) throw new Error(`Magento answered no Swagger 2.0 to ${path}`)
    return document
  }
}
