import { isObject } from '../syntax/is-object.ts'

/** A member of a value of any type; undefined if the value has no such member. */
export function memberOf(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined
}
