import { type Static, Type } from 'typebox'
import { SchemaFileSetting } from '../authorize/body-schema.ts'
import { isRepeatableRoute } from '../authorize/repeatable-route.ts'
import type { Endpoint, EndpointRequest, MagentoCall } from '../contract/endpoint.ts'
import { parseRoutePattern, RoutePatternSetting, variableOf } from '../contract/route-pattern.ts'
import { closed } from '../contract/setting-forms.ts'
import { percentEncode } from '../syntax/percent-encoding.ts'
import { compileMapping, evaluateMapping, syntaxFaultOf } from './evaluate-mapping.ts'

function Expression(description: string) {
  return Type.Refine(
    Type.String({ minLength: 1, description: `${description} JSONata.` }),
    (text) => syntaxFaultOf(text) === undefined,
    (text) => `a JSONata expression (${syntaxFaultOf(text)})`,
  )
}

/** The shape of a file below `endpoints/`: a call to Magento, and how the request and the answer are mapped. */
export const EndpointFileSettings = Type.Object(
  {
    route: RoutePatternSetting(),
    summary: Type.String({ default: 'An endpoint of this shop' }),
    request: Type.Optional(SchemaFileSetting()),
    call: Type.Object(
      {
        route: RoutePatternSetting(),
        fields: Type.Optional(
          Type.String({
            pattern: '^[A-Za-z0-9_,[\\]]+$',
            description:
              'The fields that Magento is to answer with, in the form of its parameter fields.',
          }),
        ),
        body: Type.Optional(
          Expression(
            'Body of the call, computed from an object with the body and the variables of the request.',
          ),
        ),
      },
      { ...closed, description: 'The call. Its variables are those of the route.' },
    ),
    answer: Type.Optional(
      Expression(
        "Body of the answer, computed from Magento's; $request has the body and the variables of the request.",
      ),
    ),
  },
  { ...closed, title: 'magegate endpoint' },
)

/** A file below `endpoints/` whose references have been resolved. */
export type EndpointFileSettings = Static<typeof EndpointFileSettings>

/**
 * Makes an endpoint from a valid file.
 * @param onUnmapped told why an answer could not be mapped although Magento has carried out the write
 */
export function definedEndpoint(
  settings: EndpointFileSettings,
  onUnmapped: (error: unknown) => void,
): Endpoint {
  const { route, summary, request, call, answer } = settings
  const callBody = call.body === undefined ? undefined : compileMapping(call.body)
  const answerBody = answer === undefined ? undefined : compileMapping(answer)
  const pattern = parseRoutePattern(call.route)
  if (pattern === undefined) throw new TypeError(`no route: ${call.route}`)
  const plan: NonNullable<Endpoint['plan']> = ({ variables, body }) => {
    let computed: Promise<unknown> | undefined
    return {
      route: call.route,
      method: pattern.method as MagentoCall['method'],
      segments: pattern.segments.map((part) => {
        const name = variableOf(part)
        return name === undefined ? part : percentEncode(variables.get(name) ?? '')
      }),
      bodyOf: async () => {
        computed ??= callBody && evaluateMapping(callBody, inputOf({ variables, body }))
        return computed
      },
    }
  }
  return {
    routes: [route],
    summary,
    calls: [pattern],
    isRepeatable: isRepeatableRoute(call.route),
    ...(request && { request: request.schema }),
    answers: { [statusOfDone(pattern.segments[0])]: { description: 'The answer.', schema: {} } },
    plan,
    run: async (request) => {
      const { method, segments, bodyOf } = request.call ?? plan(request)
      const answered = await request.callMagento({
        method,
        path: `/${segments.join('/')}`,
        ...(call.fields !== undefined && { query: `fields=${encodeURIComponent(call.fields)}` }),
        body: await bodyOf(),
      })
      if ('code' in answered || answered.status >= 300 || answerBody === undefined) return answered
      try {
        const mapped = await evaluateMapping(answerBody, answered.body, {
          request: inputOf(request),
        })
        return { status: answered.status, body: mapped ?? null }
      } catch (error) {
        if (method === 'GET') throw error
        // The write is done; a caller that is told of a failure would do it again.
        onUnmapped(error)
        return { status: answered.status, body: notMapped }
      }
    },
  }
}

/**
 * The status with which Magento answers what it has carried out; its queue only says that it has taken it (Magento:
 * WebapiAsync/Controller/Rest).
 * @param first the first segment of the route
 */
export function statusOfDone(first: string | undefined): 200 | 202 {
  return first === 'async' ? 202 : 200
}

/**
 * What the mappings see of a request. JSONata puts an undefined into an empty array that it maps (evaluateGroupExpression),
 * so it gets a body of its own: policies look at that of the request, too.
 */
function inputOf({ variables, body }: Pick<EndpointRequest, 'variables' | 'body'>) {
  return { body: structuredClone(body), variables: Object.fromEntries(variables) }
}

const notMapped = {
  code: 'answer-not-mapped',
  message: 'Magento has carried it out. Its answer could not be mapped; the log has the cause.',
}
