import { Secret } from '../contract/secret.ts'
import { isObject } from '../syntax/is-object.ts'
import { escapePointer } from '../syntax/json-pointer.ts'

/**
 * Whether two parts of a configuration are equal. Secrets are compared by their contents. Functions are ignored: they
 * were compiled from settings that are compared as well.
 */
export function sameSettings(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one === 'function' && typeof other === 'function') return true
  if (one instanceof Secret || other instanceof Secret) {
    return one instanceof Secret && other instanceof Secret && one.reveal() === other.reveal()
  }
  if (!isObject(one) || !isObject(other)) return false
  if (Array.isArray(one) !== Array.isArray(other)) return false
  return (
    Object.keys(one).every((name) => sameSettings(one[name], other[name])) &&
    Object.keys(other).every((name) => Object.hasOwn(one, name) || other[name] === undefined)
  )
}

/**
 * JSON Pointers to the differences between two parts of a configuration: to single members of objects, but to lists as
 * a whole.
 */
export function changedPointers(one: unknown, other: unknown, pointer = ''): string[] {
  if (sameSettings(one, other)) return []
  if (!isSection(one) || !isSection(other)) return [pointer]
  return namesOf(one, other).flatMap((name) =>
    changedPointers(one[name], other[name], `${pointer}/${escapePointer(name)}`),
  )
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && !Array.isArray(value) && !(value instanceof Secret)
}

function namesOf(one: object, other: object): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
}
