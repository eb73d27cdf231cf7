import type { EndpointSettings, MatchedEndpoint } from '../endpoint.ts'
import type { AuthorizeUpstream } from '../forward/upstream-credentials.ts'
import type { SendUpstream } from '../forward/upstream-exchange.ts'
import { percentDecode } from '../percent-encoding.ts'
import { type Rejection, reject } from '../problem.ts'
import type { RequestContext, WholeAnswer } from '../request-context.ts'

/**
 * Has an endpoint answer a request. Its calls to Magento are made as the integration, in the store of the
 * request; what Magento refuses is passed on as Magento has it.
 */
export async function answerEndpoint(
  request: RequestContext,
  { endpoint, variables }: MatchedEndpoint,
  settings: EndpointSettings,
  authorize: AuthorizeUpstream,
  send: SendUpstream,
): Promise<WholeAnswer | Rejection> {
  const store = request.target?.store
  const prefix = store === undefined ? '/rest' : `/rest/${store}`
  const answer = await endpoint.run({
    variables: new Map([...variables].map(([name, raw]) => [name, percentDecode(raw) ?? ''])),
    body: request.json?.value,
    settings,
    callMagento: async ({ method, path, query, body }) => {
      const sent = await send(
        request,
        {
          method,
          path: prefix + path,
          query,
          body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
        },
        authorize,
      )
      if ('code' in sent) return sent
      const parsed = parseJson(sent.body)
      if (parsed === undefined) {
        return reject('upstream-error', `no JSON with status ${sent.status}`)
      }
      return { status: sent.status, body: parsed.value }
    },
  })
  if ('code' in answer) return answer
  return {
    status: answer.status,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(answer.body)),
  }
}

function parseJson(body: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(body.toString('utf8')) as unknown }
  } catch {
    return undefined
  }
}
