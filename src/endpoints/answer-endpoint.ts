import type { EndpointSettings, ItemLog, MatchedEndpoint } from '../contract/endpoint.ts'
import type { UpstreamAnswer, UpstreamRequest } from '../forward/upstream-exchange.ts'
import { type Rejection, reject } from '../problem.ts'
import type { WholeAnswer } from '../request-context.ts'
import { percentDecode } from '../syntax/percent-encoding.ts'

/** A request as an endpoint is asked. */
export interface EndpointCall {
  /** Store code of its path. */
  readonly store: string | undefined
  /** Parsed JSON. */
  readonly body: unknown
  /** There where it is carried out as a job. */
  readonly items?: ItemLog
}

/** Sends a request on behalf of whoever asks. */
export type SendForEndpoint = (request: UpstreamRequest) => Promise<UpstreamAnswer | Rejection>

/**
 * Has an endpoint answer a request. Its calls to Magento are made as the integration, in the store of the
 * request; what Magento refuses is passed on as Magento has it.
 */
export async function answerEndpoint(
  { store, body: asked, items }: EndpointCall,
  { endpoint, variables }: MatchedEndpoint,
  settings: EndpointSettings,
  send: SendForEndpoint,
): Promise<WholeAnswer | Rejection> {
  const prefix = store === undefined ? '/rest' : `/rest/${store}`
  const answer = await endpoint.run({
    variables: new Map([...variables].map(([name, raw]) => [name, percentDecode(raw) ?? ''])),
    body: asked,
    settings,
    items,
    callMagento: async ({ method, path, query, body }) => {
      const sent = await send({
        method,
        path: prefix + path,
        query,
        body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
      })
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
