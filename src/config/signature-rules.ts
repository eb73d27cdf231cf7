import { verificationKey } from '../authenticate/message-signature/verification-key.ts'
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
  return faultAt(`${pointer}/${name}`, new Set(ids).size < ids.length && 'a different id for each')
}
