/*
 * Names of members, parameters and variables whose values are credentials or payment data, in folded form. Any name
 * that contains one of these, or is one of the last two, is such a name. They cover Magento's own: rp_token,
 * password_hash, cc_cid, cc_number, echeck_routing_number.
 */
const standardNames =
  /token|secret|passw|passphrase|pwd|otp|nonce|signature|confirmation|apikey|accesskey|privatekey|authorization|cookie|session|credential|hash|cvv|cvc|cardnumber|cardno|ccnumber|ccnum|cccid|securitycode|iban|accountnumber|routingnumber|bearer|^pan$|^pin$/

/** Whether a name is that of a credential. */
export type IsCredentialName = (name: string) => boolean

/**
 * Compiles the test. Names are compared somewhat more loosely than Magento does, ignoring case, underscores and hyphens,
 * so `password`, `passWord` and `pass_word` are the same.
 * @param more further names, which only match as a whole
 */
export function compileCredentialNames(more: readonly string[] = []): IsCredentialName {
  const own = new Set(more.map(fold))
  const known = new Map<string, boolean>()
  return (name) => {
    let is = known.get(name)
    if (is === undefined) {
      const folded = fold(name)
      is = standardNames.test(folded) || own.has(folded)
      // Callers choose the names, so the number and length of remembered ones is bounded.
      if (known.size < maxRemembered && name.length <= longestRemembered) known.set(name, is)
    }
    return is
  }
}

const maxRemembered = 10_000
/** Characters. */
const longestRemembered = 64

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[_\-.\s]/g, '')
}
