import jsonata from 'jsonata'
import type { EndpointFileSettings } from '../endpoints/defined-endpoint.ts'
import { isObject } from '../syntax/is-object.ts'
import { faultAt, type RuleFault } from './faults.ts'
import { isSlowExpression } from './slow-pattern.ts'

/** Checks that the regular expressions in the mappings of an endpoint are fast, since bodies are matched with them. */
export function checkMappingPatterns({ call, answer }: EndpointFileSettings): RuleFault[] {
  const mappings: [pointer: string, text: string | undefined][] = [
    ['/call/body', call.body],
    ['/answer', answer],
  ]
  return mappings.flatMap(([pointer, text]) => {
    const expressions = text === undefined ? [] : expressionsIn(jsonata(text).ast())
    const hasSlow = expressions.some(isSlowExpression)
    return faultAt(pointer, hasSlow && 'regular expressions that are fast for every text')
  })
}

function expressionsIn(node: unknown): RegExp[] {
  if (node instanceof RegExp) return [node]
  if (!isObject(node)) return []
  return Object.values(node).flatMap(expressionsIn)
}
