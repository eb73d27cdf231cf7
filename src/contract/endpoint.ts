import type { Rejection, Violation } from '../problem.ts'
import { percentDecode } from '../syntax/percent-encoding.ts'
import type { WholeAnswer } from './whole-answer.ts'

/** A call of Magento's REST API, on behalf of the integration whose request is answered. */
export interface MagentoCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** From `/V1/` on, variables percent-encoded; the store of the request is put before it. */
  readonly path: string
  /** Without `?`, percent-encoded. */
  readonly query?: string
  /** Sent as JSON. */
  readonly body?: unknown
}

/** An answer in JSON: of an endpoint, or of Magento to a {@link MagentoCall}. */
export interface EndpointAnswer {
  readonly status: number
  readonly body: unknown
  /** The same as Magento sent it, if it is an answer of Magento. It is passed on so. */
  readonly received?: WholeAnswer
}

/** Calls Magento, once; gives a rejection when Magento has not answered. */
export type CallMagento = (call: MagentoCall) => Promise<EndpointAnswer | Rejection>

/** What an endpoint has to make its answer from. */
export interface EndpointRequest {
  /** Decoded values of the variables of its route. */
  readonly variables: ReadonlyMap<string, string>
  /** Matches the schema of the endpoint; undefined where it takes none. */
  readonly body: unknown
  readonly callMagento: CallMagento
  /** The call that it has planned for the request; absent if it has planned none so far. */
  readonly call?: PlannedCall | undefined
  readonly settings: EndpointSettings
  /** Present only when the request is carried out as a job. */
  readonly items?: ItemLog | undefined
}

/** Keeps the results of the items of a job, so that a further attempt continues after them. */
export interface ItemLog {
  /** Results of the first items, from earlier attempts. */
  readonly done: readonly ItemResult[]
  /** Adds the results of the next items, and notes how many items there are in all. */
  readonly note: (results: readonly ItemResult[], total: number) => Promise<void>
}

/** The result of one item. */
export interface ItemResult {
  readonly success: boolean
  readonly message?: string
  /** What names the item, such as its SKU. */
  readonly [member: string]: unknown
}

/** How the shop keeps its stock. */
export interface EndpointSettings {
  /** Code of the inventory source whose quantities are set; absent where the shop has stock items only. */
  readonly sourceCode?: string | undefined
  /** Most elements of an array that Magento takes in one call. */
  readonly arrayLimit: number
}

/** A JSON Schema, 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** A route of Magento that an endpoint calls. */
export interface CalledRoute {
  readonly method: string
  /** A literal segment, or for a variable its name after a colon. */
  readonly segments: readonly string[]
}

/** A call that an endpoint is going to make for a request. */
export interface PlannedCall {
  /** `METHOD /V1/path/:variable`. */
  readonly route: string
  readonly method: MagentoCall['method']
  /** The segments of the path from `V1` or `async` on, percent-encoded. */
  readonly segments: readonly string[]
  /** Computes its body, once; undefined where it has none. */
  readonly bodyOf: () => Promise<unknown>
}

/** One of the gateway's own endpoints, composed of calls to Magento. */
export interface Endpoint {
  /** `METHOD /V1/path/:variable`; it answers all of them. */
  readonly routes: readonly string[]
  readonly summary: string
  /** Schema of the request body; absent where there is none. */
  readonly request?: JsonSchema
  /** Tells a caller in one sentence what is wrong with its body. */
  readonly explain?: (violations: readonly Violation[]) => string
  /** Refuses a body that matches the schema and is wrong in a way that no schema can express. */
  readonly objection?: (body: unknown) => Rejection | undefined
  /** The answers by status, without refusals of the gateway. */
  readonly answers: Readonly<
    Record<number, { readonly description: string; readonly schema: JsonSchema }>
  >
  /** The routes of Magento that it calls, where its own path does not tell what they are about. */
  readonly calls?: readonly CalledRoute[]
  /** Tells the call for a request, where the operator has defined the endpoint. */
  readonly plan?: (request: Pick<EndpointRequest, 'variables' | 'body'>) => PlannedCall
  /** The list in its body that may have too many elements to be answered at once, so that the request becomes a job. */
  readonly longList?: { readonly name: string; readonly mostAtOnce: number }
  /** Whether doing it twice has the same effect as doing it once. */
  readonly isRepeatable?: boolean
  readonly run: (request: EndpointRequest) => Promise<EndpointAnswer | Rejection>
}

/** The endpoint that answers a request, and the raw values of its variables. */
export interface MatchedEndpoint {
  readonly endpoint: Endpoint
  readonly variables: ReadonlyMap<string, string>
  /** The call that it is going to make, where the policies have looked at that. */
  readonly call?: PlannedCall
}

/** The variables of the route of an endpoint, decoded, as it gets them. */
export function decodedVariables({ variables }: MatchedEndpoint): ReadonlyMap<string, string> {
  return new Map([...variables].map(([name, raw]) => [name, percentDecode(raw) ?? '']))
}
