import type { PublicOrigin } from '../../contract/public-origin.ts'
import type { Component } from './component.ts'

/** The control data of a request, as received. */
export interface ControlData {
  readonly method: string
  /** The raw path. */
  readonly path: string
  /** The raw query without its `?`; undefined when there is no `?`. */
  readonly query: string | undefined
}

// No control characters and nothing outside ASCII (RFC 9421, section 2.2).
const printable = /^[\x20-\x7e]*$/

/**
 * The value of a derived component of a request (RFC 9421, section 2.2).
 * @param origin from the configuration, not from the Host header, which the sender can choose freely
 */
export function derivedValue(
  component: Component,
  control: ControlData,
  origin: PublicOrigin,
): string | { readonly reason: string } {
  const value = valueFrom(component, control, origin)
  if (typeof value === 'string' && !printable.test(value)) {
    return { reason: `${component.name} is not printable ASCII` }
  }
  return value
}

function valueFrom(
  { name, member }: Component,
  { method, path, query }: ControlData,
  { scheme, authority }: PublicOrigin,
): string | { readonly reason: string } {
  const search = query === undefined ? '' : `?${query}`
  switch (name) {
    case '@method':
      return method
    case '@authority':
      return authority
    case '@scheme':
      return scheme
    case '@path':
      return path || '/'
    case '@query':
      return search || '?'
    case '@request-target':
      return `${path || '/'}${search}`
    case '@target-uri':
      return `${scheme}://${authority}${path || '/'}${search}`
    case '@query-param':
      return queryParameter(query ?? '', member ?? '')
    default:
      return { reason: `${name} is not a derived component of a request` }
  }
}

/** RFC 9421, section 2.2.8: a parameter that occurs more than once cannot be covered. */
function queryParameter(query: string, name: string): string | { readonly reason: string } {
  let found: string | undefined
  for (const [key, value] of new URLSearchParams(query)) {
    if (encode(key) !== name) continue
    if (found !== undefined) return { reason: 'a covered query parameter occurs twice' }
    found = encode(value)
  }
  return found ?? { reason: 'a covered query parameter is missing' }
}

// Encodes as application/x-www-form-urlencoded does, which escapes more characters than encodeURIComponent, except that
// RFC 9421, section 2.2.8 wants a space as %20.
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
