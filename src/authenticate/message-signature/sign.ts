import type { KeyObject } from 'node:crypto'
import type { InnerList } from 'structured-headers'
import type { PublicOrigin } from '../../contract/public-origin.ts'
import { firstValue } from '../../syntax/headers.ts'
import { readComponents, requiredComponents } from './component.ts'
import { contentDigest } from './content-digest.ts'
import type { ControlData } from './derived-component.ts'
import { type SignatureAlgorithm, signBase } from './signature-algorithm.ts'
import { signatureBase } from './signature-base.ts'
import type { SignatureParameters } from './signature-parameters.ts'
import { parseStrictDictionary, serializeMember, serializeParameters } from './structured-field.ts'

/** A request that is to be signed. */
export interface RequestToSign extends ControlData, PublicOrigin {
  /** Field names and values in turn. */
  readonly headers: readonly string[]
  readonly body?: Uint8Array | undefined
}

/** How a request is signed. */
export interface SigningOptions {
  readonly algorithm: SignatureAlgorithm
  readonly key: KeyObject
  /** Written in the order of the properties of this object. */
  readonly parameters: SignatureParameters
  /** Names of components, or whole identifiers such as `"@query-param";name="a"`; by default those that we require. */
  readonly components?: readonly string[]
  /** `sig1` by default. */
  readonly label?: string
}

/** The fields that signing adds to a request. */
export interface SignatureFields {
  /** Present only if the request has a body and no digest yet. */
  readonly 'Content-Digest'?: string
  readonly 'Signature-Input': string
  readonly Signature: string
}

/**
 * Signs a request (RFC 9421, section 3.1).
 * @throws TypeError when a component has no value in this request or cannot be serialized
 */
export function signMessage(request: RequestToSign, options: SigningOptions): SignatureFields {
  const { body, headers } = request
  const isDigestMissing = body !== undefined && firstValue(headers, 'content-digest') === undefined
  const digest = isDigestMissing ? { 'Content-Digest': contentDigest(body) } : {}
  const rawHeaders = [...headers, ...Object.entries(digest).flat()]
  const { label = 'sig1', parameters, components = requiredComponents(body) } = options
  const input = innerList(label, components, parameters)
  const read = readComponents(input[0])
  if ('reason' in read) throw new TypeError(read.reason)
  const signatureParams = serializeMember(input)
  const message = { ...request, rawHeaders }
  const base = signatureBase(message, request, read, signatureParams)
  if (typeof base === 'object') throw new TypeError(base.reason)
  const signature = signBase(options.algorithm, options.key, base).toString('base64')
  return {
    ...digest,
    'Signature-Input': `${label}=${signatureParams}`,
    Signature: `${label}=:${signature}:`,
  }
}

function innerList(
  label: string,
  components: readonly string[],
  parameters: SignatureParameters,
): InnerList {
  const items = components.map((name) => (name.startsWith('"') ? name : `"${name}"`))
  const written = serializeParameters(new Map(Object.entries(parameters)))
  const text = `${label}=(${items.join(' ')})${written}`
  const input = parseStrictDictionary(text)?.get(label)
  if (!Array.isArray(input?.[0])) throw new TypeError('components or parameters cannot be written')
  return input as InnerList
}
