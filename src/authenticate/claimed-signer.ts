import { hash } from 'node:crypto'
import { firstValue } from '../syntax/headers.ts'
import { keyidOf, keyidsIn, readInputs } from './message-signature/signature-input.ts'
import { readOauth1Parameters } from './oauth1/oauth1-parameters.ts'
import type { SignatureSettings } from './signature-settings.ts'

/** An integration and the way it signs. */
export interface Signer {
  readonly name: string
  readonly signature: SignatureSettings | undefined
}

/**
 * The ids by which signatures name their signer: each `keyid` with scheme `rfc9421`, the digest of each consumer key
 * with `oauth1`. No two integrations may have the same id.
 */
export function signerIds(signature: SignatureSettings | undefined): readonly string[] {
  if (signature?.scheme === 'rfc9421') return signature.keys.map(({ id }) => `keyid ${id}`)
  if (signature?.scheme !== 'oauth1') return []
  return signature.keys.map(({ consumerKey }) => consumerId(consumerKey.reveal()))
}

/**
 * Builds a search for the integration that a request's signature names as its signer. The search verifies nothing.
 * @returns a function from a header section (names and values in turn) to the name of an integration
 */
export function compileSignerSearch(
  signers: readonly Signer[],
): (rawHeaders: readonly string[]) => string | undefined {
  const byId = new Map(
    signers.flatMap((signer) => signerIds(signer.signature).map((id) => [id, signer] as const)),
  )
  return (rawHeaders) => {
    const parameters = readOauth1Parameters(firstValue(rawHeaders, 'authorization'))
    if (!('reason' in parameters)) {
      const consumer = byId.get(consumerId(parameters.oauth_consumer_key))
      if (consumer !== undefined) return consumer.name
      // It may be meant for Magento, as with passthrough.
    }
    for (const keyid of keyidsIn(rawHeaders)) {
      const { name, signature } = byId.get(`keyid ${keyid}`) ?? {}
      // Of several signatures, each integration verifies the one that has its tag.
      const tag = signature?.scheme === 'rfc9421' ? signature.tag : undefined
      if (name !== undefined && keyidOf(rawHeaders, tag) === keyid) return name
    }
    return undefined
  }
}

/** Why nothing can be told of a signer, for the audit; undefined if a header section has no signature, or one that can be read. */
export function signerFault(rawHeaders: readonly string[]): string | undefined {
  if (firstValue(rawHeaders, 'signature-input') !== undefined) {
    const inputs = readInputs(rawHeaders)
    return 'reason' in inputs ? inputs.reason : undefined
  }
  const authorization = firstValue(rawHeaders, 'authorization')
  if (authorization === undefined || !/^oauth /i.test(authorization)) return undefined
  const parameters = readOauth1Parameters(authorization)
  return 'reason' in parameters ? parameters.reason : undefined
}

function consumerId(consumerKey: string): string {
  return `consumer ${hash('sha256', consumerKey)}`
}
