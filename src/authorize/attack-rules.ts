import { type ApiRoute, apiRoute } from '../contract/api-route.ts'
import type { PlannedCall } from '../contract/endpoint.ts'
import { foldName, hasFoldedSiblings } from '../contract/folded-names.ts'
import type { JsonBody } from '../contract/json-body.ts'
import type { RequestContext } from '../request-context.ts'
import { namesPathVariable } from './path-names.ts'
import { type QueryParameter, queryOf } from './query-parameters.ts'
import { describeJson } from './strict-json.ts'
import { hasWrappedList, hasWrappedParameter } from './wrapped-lists.ts'

/** What the rules look at. */
export interface Suspect {
  readonly request: Pick<RequestContext, 'header' | 'json'>
  readonly route: ApiRoute
  /** As granted, or as the file of the endpoint has it for a call, with the names of its variables. */
  readonly pattern?: string | undefined
  /** Undefined when PHP would read the query differently from how it is written. */
  readonly query: readonly QueryParameter[] | undefined
}

/** Recognizes a kind of request that only attacks send. */
export interface AttackRule {
  /** The detail of the problem that the caller gets. */
  readonly detail: string
  readonly matches: (suspect: Suspect) => boolean
}

/** Prepares a request for the rules. */
export function suspectOf(request: RequestContext): Suspect {
  const { target, route: pattern } = request
  return { request, route: apiRoute(target.segments), pattern, query: queryOf(target) }
}

/** Prepares the call of an endpoint, which an innocent request can be mapped to. */
export function suspectOfCall({ route: pattern, segments }: PlannedCall, body: object): Suspect {
  const request = { header: () => undefined, json: describeJson(body) }
  return { request, route: apiRoute(segments), pattern, query: [] }
}

/*
 * The constructor arguments that the known exploit chains go through, as folded names: CVE-2024-34102 (the first
 * five) and CVE-2025-54236. No interface of Magento 2.4.9 has a member with one of these names.
 */
const injectedNames = new Set([
  'sourcedata',
  'dataisurl',
  'totalscollector',
  'totalsreader',
  'collectorlist',
  'session',
  'sessionconfig',
  'savepath',
  'context',
  'urlbuilder',
  'urldecoder',
  'directorydata',
  'paymentdata',
])

const overrideHeaders = ['x-http-method-override', 'x-http-method', 'x-method-override']

/** Second segments of the routes to which shoppers write, or somebody on their behalf: carts, accounts, orders… */
const shopperRoutes =
  /^(?:carts|.+-carts|customers|addresses|orders?|guest-.*|giftregistry|returns|negotiable.*|company.*|team|requisition.*|braintree)$/

function isWrittenByShoppers({ segments }: ApiRoute): boolean {
  return shopperRoutes.test(segments[1] ?? '')
}

/** The body's text with no ASCII character hidden behind a `\u00..` escape. */
function plainText({ json }: Pick<RequestContext, 'json'>): string {
  if (json === undefined) return ''
  return json.text.includes('\\u00') ? JSON.stringify(json.value) : json.text
}

function someName({ request, query }: Suspect, test: (folded: string) => boolean): boolean {
  for (const name of request.json?.names ?? []) if (test(foldName(name))) return true
  return query?.some(({ path }) => path.some((name) => test(foldName(name)))) ?? false
}

/** One node of the tree that the names of a query's parameters form. */
interface QueryPlace {
  /** As the caller wrote it. */
  readonly spelling: string
  hasValue: boolean
  /** The keys that follow it in brackets. */
  members: Map<string, QueryPlace> | undefined
}

/** Stands for the members that PHP appends; no key has brackets. */
const appended = '[]'

/**
 * Whether a parameter is given twice, is spelled in two ways, or has a text after its members or members both with and
 * without keys. PHP would silently keep one of the two. A text before its members, such as `searchCriteria=`, passes.
 */
function hasAmbiguousParameter(query: readonly QueryParameter[]): boolean {
  const root = new Map<string, QueryPlace>()
  return query.some(({ path }) => {
    let members = root
    for (const [index, step] of path.entries()) {
      // `a[]`: PHP appends, so that no two of these are the same parameter. An index beside them can replace one.
      if (step === '') {
        members.set(appended, { spelling: step, hasValue: false, members: undefined })
        return members.size > 1
      }
      if (members.has(appended)) return true
      const folded = foldName(step)
      const place = members.get(folded) ?? { spelling: step, hasValue: false, members: undefined }
      members.set(folded, place)
      if (place.spelling !== step) return true
      if (index === path.length - 1) {
        if (place.hasValue || place.members !== undefined) return true
        place.hasValue = true
      } else {
        place.members ??= new Map()
        members = place.members
      }
    }
    return false
  })
}

/** The names that stand outermost in the body and in the query. */
function outerNames(json: JsonBody | undefined, query: readonly QueryParameter[]): string[] {
  return [...Object.keys(json?.value ?? {}), ...query.map(({ path: [name = ''] }) => name)]
}

/** The rules by name, in the order in which they are tried. */
export const attackRules = {
  'method-override': {
    detail: 'A method may not be overridden.',
    matches: ({ request, query }) =>
      overrideHeaders.some((name) => request.header(name) !== undefined) ||
      request.json?.names.has('_method') === true ||
      query?.some(({ path }) => path[0] === '_method') === true,
  },
  // Where the path has no store, this chooses one (Magento: Store/Model/StoreResolver.php, getCurrentStoreId).
  'store-override': {
    detail: 'A store is named in the path, and nowhere else.',
    matches: ({ query }) => query?.some(({ path }) => path[0] === '___store') === true,
  },
  'ambiguous-name': {
    detail: 'Two names are one and the same to Magento.',
    matches: ({ request: { json }, query, pattern = '' }) =>
      query === undefined ||
      hasAmbiguousParameter(query) ||
      (json !== undefined && hasFoldedSiblings(json)) ||
      (pattern.includes(':') && namesPathVariable(pattern, outerNames(json, query))),
  },
  'soap-list': {
    detail: 'A list has the form of SOAP.',
    matches: ({ request: { json }, query }) =>
      (query !== undefined && hasWrappedParameter(query)) ||
      (json?.names.has('item') === true && hasWrappedList(json.value)),
  },
  'object-injection': {
    detail: 'A name is one that only Magento itself uses.',
    matches: (suspect) => someName(suspect, (name) => injectedNames.has(name)),
  },
  'xml-declaration': {
    detail: 'A text declares an XML document type or entity.',
    matches: ({ request }) => /<!(?:ENTITY|DOCTYPE)/i.test(plainText(request)),
  },
  'file-content': {
    detail: 'Files are not accepted here.',
    matches: (suspect) =>
      someName(
        suspect,
        (name) =>
          name === 'fileinfo' ||
          (name === 'base64encodeddata' && isWrittenByShoppers(suspect.route)),
      ),
  },
  'template-directive': {
    detail: 'A text has a template directive.',
    // In valid JSON, two opening braces follow one another only within a string.
    matches: ({ request, route }) =>
      isWrittenByShoppers(route) && plainText(request).includes('{{'),
  },
} as const satisfies Readonly<Record<string, AttackRule>>
