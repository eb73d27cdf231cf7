import type { InnerList } from 'structured-headers'
import { onceFor } from '../../contract/once-for.ts'
import { allValues } from '../../syntax/headers.ts'
import { type Component, readComponents } from './component.ts'
import { readSignatureParameters, type SignatureParameters } from './signature-parameters.ts'
import {
  parseStrictDictionary,
  type StrictDictionary,
  serializeMember,
} from './structured-field.ts'

/** The tag that marks the signature meant for us among several, unless another one is configured. */
export const defaultTag = 'magegate'

/** One signature of a message. */
export interface MessageSignature {
  readonly components: readonly Component[]
  readonly parameters: SignatureParameters
  /** The components and parameters, serialized as the value of `@signature-params`. */
  readonly signatureParams: string
  readonly signature: Buffer
}

/** These bound what is parsed for a caller that has not proven anything yet. */
const maxFieldLength = 2_048
const maxSignatures = 4
const maxComponents = 32

/**
 * Reads the signature that is meant for us from `Signature-Input` and `Signature` (RFC 9421, section 4): the only one,
 * or if there are several, the only one with our tag.
 * @param headers names and values in turn; the values of a repeated field form one dictionary
 * @returns the signature, or for the audit why there is none
 */
export function readMessageSignature(
  headers: readonly string[],
  tag: string = defaultTag,
): MessageSignature | { readonly reason: string } {
  const inputs = readInputs(headers)
  if ('reason' in inputs) return inputs
  const signatures = readSignatures(headers)
  if ('reason' in signatures) return signatures
  if (inputs.size !== signatures.size || [...inputs.keys()].some((key) => !signatures.has(key))) {
    return { reason: 'Signature-Input and Signature have different labels' }
  }
  const label = chooseLabel(inputs, tag)
  if (typeof label === 'object') return label
  const input = inputs.get(label) as InnerList
  const [signature] = signatures.get(label) ?? []
  if (!(signature instanceof ArrayBuffer)) return { reason: 'Signature is not a byte sequence' }
  if (!Array.isArray(input[0])) return { reason: 'Signature-Input is not an inner list' }
  if (input[0].length > maxComponents) return { reason: 'too many covered components' }
  const components = readComponents(input[0])
  if ('reason' in components) return components
  const parameters = readSignatureParameters(input[1])
  if ('reason' in parameters) return parameters
  const signatureParams = serializeMember(input)
  return { components, parameters, signatureParams, signature: Buffer.from(signature) }
}

/** The `keyid` (RFC 9421, section 2.3) of each signature that a request claims to have. Nothing is verified. */
export function keyidsIn(headers: readonly string[]): readonly string[] {
  const inputs = readInputs(headers)
  if ('reason' in inputs) return []
  return [...inputs.keys()].flatMap((label) => keyidAt(inputs, label) ?? [])
}

/**
 * The `keyid` of the signature that {@link readMessageSignature} would choose.
 * @param headers names and values in turn, as received
 * @returns undefined when there is no keyid, or none that can be read
 */
export function keyidOf(headers: readonly string[], tag: string = defaultTag): string | undefined {
  const inputs = readInputs(headers)
  if ('reason' in inputs) return undefined
  const label = chooseLabel(inputs, tag)
  return typeof label === 'object' ? undefined : keyidAt(inputs, label)
}

function keyidAt(inputs: StrictDictionary, label: string): string | undefined {
  const keyid = inputs.get(label)?.[1].get('keyid')
  return typeof keyid === 'string' ? keyid : undefined
}

/** Finds the label of the signature that is meant for us. */
function chooseLabel(inputs: StrictDictionary, tag: string): string | { readonly reason: string } {
  const labels = [...inputs.keys()]
  const ours = labels.length === 1 ? labels : labels.filter((it) => tagOf(inputs, it) === tag)
  if (ours.length > 1) return { reason: 'several signatures have the tag' }
  return ours[0] ?? { reason: 'none of several signatures has the tag' }
}

function tagOf(inputs: StrictDictionary, label: string): unknown {
  return inputs.get(label)?.[1].get('tag')
}

/** The dictionary `Signature-Input` of a request, parsed once. It is never empty. */
export const readInputs = onceFor((headers: readonly string[]) =>
  readField(headers, 'signature-input'),
)

/** The same of `Signature`. */
export const readSignatures = onceFor((headers: readonly string[]) =>
  readField(headers, 'signature'),
)

function readField(
  headers: readonly string[],
  name: string,
): StrictDictionary | { readonly reason: string } {
  const text = allValues(headers, name).join(', ')
  if (text === '') return { reason: `${name} is missing` }
  if (text.length > maxFieldLength) return { reason: `${name} is too long` }
  const dictionary = parseStrictDictionary(text)
  if (dictionary === undefined) return { reason: `${name} is not a strict dictionary` }
  if (dictionary.size > maxSignatures) return { reason: 'too many signatures' }
  return dictionary
}
