import type { BareItem } from 'structured-headers'

/** Parameters of a signature (RFC 9421, section 2.3). Times are in seconds since the epoch. */
export interface SignatureParameters {
  readonly created?: number
  readonly expires?: number
  readonly nonce?: string
  readonly alg?: string
  readonly keyid?: string
  readonly tag?: string
}

const types: ReadonlyMap<string, 'number' | 'string'> = new Map([
  ['created', 'number'],
  ['expires', 'number'],
  ['nonce', 'string'],
  ['alg', 'string'],
  ['keyid', 'string'],
  ['tag', 'string'],
] as const)

/**
 * Reads the parameters of a signature. A parameter that RFC 9421, section 2.3 does not define is refused: the signer
 * meant something by it, and the gateway would ignore it.
 */
export function readSignatureParameters(
  parameters: ReadonlyMap<string, BareItem>,
): SignatureParameters | { readonly reason: string } {
  for (const [name, value] of parameters) {
    const type = types.get(name)
    if (type === undefined) return { reason: 'Signature-Input has an unknown signature parameter' }
    if (typeof value !== type) return { reason: `Signature-Input: ${name} is not a ${type}` }
  }
  return Object.fromEntries(parameters)
}
