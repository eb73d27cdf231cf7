import { chooseLabel, defaultTag, readDictionary } from './signature-input.ts'

/**
 * The `keyid` (RFC 9421, section 2.3) that a request claims to be signed with, taken from the signature that
 * {@link readMessageSignature} would choose. Nothing is verified.
 * @param headers names and values in turn, as received
 * @returns undefined when there is no keyid, or none that can be read
 */
export function keyidOf(headers: readonly string[], tag: string = defaultTag): string | undefined {
  const inputs = readDictionary(headers, 'signature-input')
  if ('reason' in inputs) return undefined
  const label = chooseLabel(inputs, tag)
  if (typeof label === 'object') return undefined
  const keyid = inputs.get(label)?.[1].get('keyid')
  return typeof keyid === 'string' ? keyid : undefined
}
