import { signerIds } from '../authenticate/claimed-signer.ts'
import { Secret } from '../contract/secret.ts'
import { tokenDigest } from '../contract/token-digest.ts'
import { type Fault, type FaultyFile, faultAt, inFile } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'

/** What identifies an integration, as far as its file could be read. */
export interface Identity extends FaultyFile {
  readonly name?: unknown
  readonly token?: unknown
  /** Absent if the file has a fault there. */
  readonly credentials?: IntegrationSettings['credentials'] | undefined
}

/** Checks that each name, token and signature key identifies a single integration. */
export function checkUniqueness(identities: readonly Identity[]): Fault[] {
  const names = new Map<string, string>()
  const tokens = new Map<string, string>()
  const signers = new Map<string, string>()
  const claim = (taken: Map<string, string>, key: string, at: Identity, pointer: string) => {
    const owner = taken.get(key)
    if (owner === undefined) taken.set(key, at.file)
    // One integration may have two keys of OAuth with the same consumer key.
    const other = owner === at.file ? undefined : owner
    return inFile(at, faultAt(pointer, other && `a value that is not used in ${other} too`))
  }
  return identities.flatMap((identity) => {
    const { name, token, credentials } = identity
    return [
      ...(typeof name === 'string' ? claim(names, name, identity, '/name') : []),
      ...(token instanceof Secret
        ? claim(tokens, tokenDigest(token.reveal()), identity, '/credentials/token')
        : []),
      ...signerIds(credentials?.signature).flatMap((id, index) =>
        claim(signers, id, identity, `/credentials/signature/keys/${index}`),
      ),
    ]
  })
}
