import {
  decodedVariables,
  type EndpointSettings,
  type ItemLog,
  type MatchedEndpoint,
} from '../contract/endpoint.ts'
import type { WholeAnswer } from '../contract/whole-answer.ts'
import type { UpstreamRequest } from '../forward/upstream-request.ts'
import { type Rejection, reject } from '../problem.ts'
import { parseJson } from '../syntax/parse-json.ts'
import { restPrefix } from '../syntax/rest-prefix.ts'

/** A request to an endpoint. */
export interface EndpointCall {
  /** The store code in its path. */
  readonly store: string | undefined
  /** The parsed JSON body. */
  readonly body: unknown
  /** Present if the request is carried out as a job. */
  readonly items?: ItemLog
}

const contentType = 'application/json'

/** Sends a request to Magento on behalf of the caller. */
export type SendForEndpoint = (request: UpstreamRequest) => Promise<WholeAnswer | Rejection>

/**
 * Answers a request with an endpoint. The endpoint calls Magento with the credentials of the integration and in the
 * store of the request. If Magento refuses a call, its refusal is passed on unchanged.
 */
export async function answerEndpoint(
  { store, body: asked, items }: EndpointCall,
  found: MatchedEndpoint,
  settings: EndpointSettings,
  send: SendForEndpoint,
): Promise<WholeAnswer | Rejection> {
  const prefix = restPrefix(store)
  const answer = await found.endpoint.run({
    variables: decodedVariables(found),
    call: found.call,
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
      const parsed = parseJson(sent.body.toString())
      if (parsed === undefined) {
        return reject('upstream-error', `no JSON with status ${sent.status}`)
      }
      return { status: sent.status, body: parsed, received: { ...sent, contentType } }
    },
  })
  if ('code' in answer) return answer
  if (answer.received !== undefined) return answer.received
  return {
    status: answer.status,
    contentType,
    body: Buffer.from(JSON.stringify(answer.body)),
  }
}
