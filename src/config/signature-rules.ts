import { verificationKey } from '../authenticate/message-signature/verification-key.ts'
import type { Oauth1SignatureSettings } from '../authenticate/oauth1/oauth1-settings.ts'
import type { SignatureSettings } from '../authenticate/signature-settings.ts'
import { Secret } from '../contract/secret.ts'
import { faultAt, type RuleFault } from './faults.ts'

const pointer = '/credentials/signature'

/** Checks the settings of a signature for what a schema cannot express. */
export function checkSignatureRules(signature: SignatureSettings): RuleFault[] {
  if (signature.scheme === 'rfc9421') {
    return signature.keys.flatMap((key, index) => {
      const held = key.secret ?? key.publicKey
      // If the reference could not be resolved, a fault has been reported already.
      if (held !== undefined && !(held instanceof Secret)) return []
      const ready = verificationKey(key)
      return faultAt(`${pointer}/keys/${index}/publicKey`, 'expected' in ready && ready.expected)
    })
  }
  const [name, ids] =
    signature.scheme === 'oauth1'
      ? (['keys', signature.keys.map(({ id }) => id)] as const)
      : (['secrets', signature.secrets.map(({ id }) => id)] as const)
  return [
    ...faultAt(`${pointer}/${name}`, new Set(ids).size < ids.length && 'a different id for each'),
    ...(signature.scheme === 'oauth1' ? checkTokens(signature) : []),
  ]
}

/** A request names its key by the consumer key and the access token, so no two keys may have both. */
function checkTokens({ keys }: Oauth1SignatureSettings): RuleFault[] {
  const told = new Set<string>()
  return keys.flatMap(({ consumerKey, accessToken }, index) => {
    // If a reference could not be resolved, a fault has been reported already.
    if (!(consumerKey instanceof Secret && accessToken instanceof Secret)) return []
    const name = JSON.stringify([consumerKey.reveal(), accessToken.reveal()])
    const isTold = told.has(name)
    told.add(name)
    return faultAt(
      `${pointer}/keys/${index}/accessToken`,
      isTold && 'another access token, since the consumer key is the same',
    )
  })
}
