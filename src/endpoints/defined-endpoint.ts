import jsonata from 'jsonata'
import { type Static, Type } from 'typebox'
import { SchemaFileSetting } from '../authorize/body-schema.ts'
import {
  parseRoutePattern,
  RoutePatternSetting,
  variableOf,
  variablesOf,
} from '../authorize/route-pattern.ts'
import type { Endpoint, MagentoCall } from '../endpoint.ts'
import { percentEncode } from '../percent-encoding.ts'

const closed = { additionalProperties: false } as const

function Expression(description: string) {
  return Type.Refine(
    Type.String({ minLength: 1, description: `${description} JSONata.` }),
    (text) => {
      try {
        jsonata(text)
        return true
      } catch {
        return false
      }
    },
    () => 'a JSONata expression',
  )
}

/** The shape of a file below `endpoints/`: one call to Magento, and how request and answer are mapped. */
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
            description: 'What Magento is asked to answer with, as its parameter fields has it.',
          }),
        ),
        body: Type.Optional(
          Expression('Body of the call, of an object with body and variables of the request.'),
        ),
      },
      { ...closed, description: 'The call. Its variables are those of the route.' },
    ),
    answer: Type.Optional(
      Expression(
        "Body of the answer, of Magento's own; $request has body and variables of the request.",
      ),
    ),
  },
  { ...closed, title: 'magegate endpoint' },
)

/** A file below `endpoints/`, its references resolved. */
export type EndpointFileSettings = Static<typeof EndpointFileSettings>

/** What is wrong with an endpoint besides its shape: variables of the call that the route has not. */
export function endpointFaults({ route, call }: EndpointFileSettings) {
  const variablesIn = (text: string) => variablesOf(parseRoutePattern(text)?.segments ?? [])
  const given = new Set(variablesIn(route))
  return variablesIn(call.route)
    .filter((name) => !given.has(name))
    .map((name) => ({
      pointer: '/call/route',
      expected: `no :${name}, which ${route} does not have`,
    }))
}

/** Makes an endpoint of a file that is right. */
export function definedEndpoint(settings: EndpointFileSettings): Endpoint {
  const { route, summary, request, call, answer } = settings
  const callBody = call.body === undefined ? undefined : jsonata(call.body)
  const answerBody = answer === undefined ? undefined : jsonata(answer)
  const pattern = parseRoutePattern(call.route)
  if (pattern === undefined) throw new TypeError(`no route: ${call.route}`)
  return {
    routes: [route],
    summary,
    ...(request && { request: request.schema }),
    answers: { 200: { description: 'The answer.', schema: {} } },
    run: async ({ variables, body, callMagento }) => {
      const input = { body, variables: Object.fromEntries(variables) }
      const path = pattern.segments
        .map((part) => {
          const name = variableOf(part)
          return name === undefined ? part : percentEncode(variables.get(name) ?? '')
        })
        .join('/')
      const made: MagentoCall = {
        method: pattern.method as MagentoCall['method'],
        path: `/${path}`,
        ...(call.fields !== undefined && { query: `fields=${encodeURIComponent(call.fields)}` }),
        ...(callBody && { body: await callBody.evaluate(input) }),
      }
      const answered = await callMagento(made)
      if ('code' in answered || answered.status !== 200 || answerBody === undefined) return answered
      const mapped: unknown = await answerBody.evaluate(answered.body, { request: input })
      return { status: 200, body: mapped ?? null }
    },
  }
}
