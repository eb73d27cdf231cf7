import { isObject } from '../syntax/is-object.ts'
import type { QueryParameter } from './query-parameters.ts'

/*
 * In SOAP, a list is an object whose member `item` holds the elements. Magento unwraps such a list in REST too (Magento:
 * Framework/Webapi/ServiceInputProcessor.php, convertValue), so that `{"skus":{"item":["A","B"]}}` is two SKUs to it and
 * one member to everybody else.
 */
const wrapper = 'item'

/** Whether a body has a list in the form of SOAP. The names on its top level are those of parameters, not of lists. */
export function hasWrappedList(body: object): boolean {
  const parameters = Array.isArray(body)
    ? body.filter(isObject).flatMap(membersOf)
    : membersOf(body)
  return parameters.some(isOrHasWrapped)
}

function isOrHasWrapped(value: object): boolean {
  if (isObject(Object.getOwnPropertyDescriptor(value, wrapper)?.value)) return true
  return membersOf(value).some(isOrHasWrapped)
}

function membersOf(value: object): object[] {
  return Object.values(value).filter(isObject)
}

/** Whether a query has a list in the form of SOAP: `skus[item][0]=A`. */
export function hasWrappedParameter(query: readonly QueryParameter[]): boolean {
  return query.some(({ path }) => path.includes(wrapper, 1))
}

/** How many elements an object has if Magento takes it for a list. */
export function countElements(list: object): number {
  const wrapped: unknown = Object.getOwnPropertyDescriptor(list, wrapper)?.value
  const { length } = Object.keys(list)
  return isObject(wrapped) ? Math.max(length, Object.keys(wrapped).length) : length
}
