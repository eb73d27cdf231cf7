import type { PublicOrigin } from '../../contract/public-origin.ts'
import type { Component } from './component.ts'
import { type ControlData, derivedValue } from './derived-component.ts'
import { type FieldTypes, fieldValue, knownFieldTypes } from './field-component.ts'

/** The parts of a request over which a signature is made. */
export interface SignedMessage extends ControlData {
  /** Field names and values in turn, as received. */
  readonly rawHeaders: readonly string[]
}

/**
 * The string that is signed (RFC 9421, section 2.5): one line for each component, then the signature parameters, without
 * a line feed at the end. It is ASCII, and no value contains a line feed.
 * @param signatureParams the serialized value of `@signature-params`
 * @returns a reason when a component has no value in this message
 */
export function signatureBase(
  message: SignedMessage,
  origin: PublicOrigin,
  components: readonly Component[],
  signatureParams: string,
  types: FieldTypes = knownFieldTypes,
): string | { readonly reason: string } {
  let base = ''
  for (const component of components) {
    const value = component.name.startsWith('@')
      ? derivedValue(component, message, origin)
      : fieldValue(component, message.rawHeaders, types)
    if (typeof value === 'object') return value
    base += `${component.identifier}: ${value}\n`
  }
  return `${base}"@signature-params": ${signatureParams}`
}
